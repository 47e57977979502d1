"""What the register knows of the people of a list: who they are, what they have, who asks too."""

from dataclasses import dataclass

from bot.dossier.form import Procedure
from bot.register.lifecycle import ItemStatus

VETTED = frozenset({ItemStatus.ACCEPTED, ItemStatus.PARKED})
UNDER_WAY = VETTED | {ItemStatus.HELD}


@dataclass(frozen=True, slots=True)
class Claim:
    """An open row of another dossier about the same person.

    `is_earlier`: that dossier came before this one. A row that is only `ASKED` stands
    under a letter that is held.
    """

    dossier: str  # HS-…
    agency_id: int
    agency: str
    procedure: Procedure
    status: ItemStatus
    is_earlier: bool

    @property
    def goes_first(self) -> bool:
        """What is vetted goes on; of what still waits, what came earlier."""
        return self.status in VETTED or self.is_earlier


@dataclass(frozen=True, slots=True)
class Known:
    """What stands in the register about a row's personal number, mailbox and mobile.

    `full_name` and the agency are those of the subscriber with that number;
    `has_certificate`: one that is, or is about to be, in force.
    """

    full_name: str | None = None
    agency_id: int | None = None
    agency: str = ""
    has_certificate: bool = False
    claims: tuple[Claim, ...] = ()
    mailbox_of_another: bool = False
    mobile_of_another: bool = False
