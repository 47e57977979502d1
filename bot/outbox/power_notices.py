"""What officers who govern are told of what one of them proposed."""

from dataclasses import dataclass
from datetime import datetime

from bot.outbox.content import Content
from bot.outbox.values import Enclosed, Fact
from bot.register.lifecycle import Act, ProposalStatus


@dataclass(frozen=True)
class Proposed(Content):
    """To every other officer who governs: what stands until one of them signs it, too."""

    kind = "proposed"

    number: str
    act: Act
    proposer: str
    reason: str
    facts: tuple[Fact, ...]
    code: str  # in groups; good for one answer
    made: datetime
    expires: datetime
    files: tuple[Enclosed, ...] = ()  # the evidence

    @property
    def enclosed(self) -> tuple[Enclosed, ...]:
        return self.files


@dataclass(frozen=True)
class Settled(Content):
    """To every officer who governs: what became of it. Nothing is done behind anybody's back."""

    kind = "settled"

    number: str
    act: Act
    outcome: ProposalStatus  # done, refused or lapsed
    proposer: str
    answered_by: str  # empty where one signature is enough, or nobody answered
    reason: str  # of who proposed it
    answer: str  # what was said to it, if anything
    because: str  # a code: why it could not be done; empty where it was, or an officer said no
    facts: tuple[Fact, ...]
