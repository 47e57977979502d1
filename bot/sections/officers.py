"""Who decides beside the machine, and how many of them must sign."""

from pydantic import Field

from bot.sections.section import Section


class Officers(Section):
    """How officers' orders are bound: signatures, codes, days."""

    signatures: int = Field(
        2, ge=0, le=2,
        description="officers who must sign before power changes hands; 0: none, to try it out",
    )  # fmt: skip
    code_days: int = Field(14, ge=1, le=366, description="how long the code of a hold is good")
    proposal_days: int = Field(
        7, ge=1, le=90, description="how long a proposal waits for its second signature"
    )
