"""What an officer's proposal asks: JSON of one closed shape for each act.

It stands below the first line of the signed text, and in the register
(`Proposal.content`). Names and fields are read as those of a dossier are,
never repaired; certificates are base64 of their DER.
"""

import json
from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from bot.dossier.orders import OrderText, below, read_order
from bot.errors import Refused
from bot.procedures.power.act_fields import (
    Certificate,
    Certificates,
    Code,
    Mailbox,
    Mobile,
    Moment,
    NamePart,
    Nothing,
    Serial,
    Several,
    Words,
)
from bot.register.lifecycle import Act, Capacity, Role, Verb

MOST_SERIALS = 2_000


class ActUnknown(Refused):
    """The first line names nothing that can be proposed."""

    code = "proposal.act"


class ContentUnreadable(Refused):
    """What stands below the first line is no JSON of the shape that its act has.

    Args:
        where: the first field that is wrong; nothing where it is no JSON at all.
    """

    code = "proposal.content"

    def __init__(self, where: str = "") -> None:
        super().__init__(where)
        self.where = where


class Asked(BaseModel):
    """What every proposal has. `reason` is why, for the other officers and the trail's reader."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    reason: Words | Nothing = ""

    def stored(self) -> dict[str, Any]:
        """Its JSON."""
        return self.model_dump(mode="json")


class Receiver(BaseModel):
    """Who receives results at an agency."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    full_name: Words | Nothing = ""
    mobile: Mobile | Nothing = ""
    mailbox: Mailbox | Nothing = ""


class NewAgency(Asked):
    """An agency with its first signers, in force from when it is registered."""

    code: Code
    name: Words
    province: NamePart
    organization: NamePart
    units: Annotated[tuple[NamePart, ...], Several] = ()
    mailbox: Mailbox
    senders: Annotated[tuple[Mailbox, ...], Several] = ()
    domains: Annotated[tuple[Words, ...], Several] = ()
    workplaces: Annotated[tuple[Words, ...], Several] = ()
    receiver: Receiver = Receiver()
    leaders: Certificates
    seals: Certificates

    @model_validator(mode="after")
    def _of_their_own(self) -> Self:
        signers = (*self.leaders, *self.seals)
        if len(set(signers)) < len(signers):
            raise ValueError("a certificate is given twice: each signs with one of its own")
        return self


class AgencySigner(Asked):
    """Another signer of an agency; or, where it is one and `since` is left out, its end."""

    agency: Code
    certificate: Certificate
    capacity: Capacity
    since: Moment | None = None  # none: from when it is registered
    until: Moment | None = None


class OfficerEntry(Asked):
    """An officer, or what an officer's entry shall say from now on."""

    name: Words
    mailbox: Mailbox
    mobile: Mobile | Nothing = ""
    role: Role
    certificate: Certificate | None = None
    since: Moment | None = None  # none: from when it is registered
    until: Moment | None = None

    @model_validator(mode="after")
    def _can_sign(self) -> Self:
        if self.role is not Role.WATCH and self.certificate is None:
            raise ValueError("who orders needs a certificate")
        return self


class OfficerEnd(Asked):
    """From when on somebody is no officer any more."""

    mailbox: Mailbox
    until: Moment


class Revocation(Asked):
    """Certificates to be revoked though no agency asked for it."""

    serials: Annotated[tuple[Serial, ...], Field(min_length=1, max_length=MOST_SERIALS)]
    reason: Words


class Pausing(Asked):
    """Issuing, renewing and amending shall stand still. What revokes never does."""

    queue: Literal["ca"]


class ResumedQueue(Asked):
    """Issuing shall go on."""

    queue: Literal["ca"]


class ResumedTask(Asked):
    """A task that was given up shall begin anew; by its number."""

    task: Annotated[int, Field(gt=0, lt=2**63)]


SHAPES: Mapping[Act, Any] = {
    Act.AGENCY: NewAgency,
    Act.SIGNER: AgencySigner,
    Act.OFFICER: OfficerEntry | OfficerEnd,
    Act.REVOKE: Revocation,
    Act.PAUSE: Pausing,
    Act.RESUME: ResumedTask | ResumedQueue,
}

# made once: that takes milliseconds
_adapter = cache(TypeAdapter[Any])


def act_of(asked: Asked) -> Act:
    """The act whose shape it is."""
    return next(act for act, shape in SHAPES.items() if isinstance(asked, shape))


def content(act: Act, stored: object) -> Asked:
    """What `stored`, read from JSON, asks.

    Raises:
        ContentUnreadable: it has another shape.
    """
    try:
        asked: Asked = _adapter(SHAPES[act]).validate_python(stored)
    except ValidationError as error:
        where = error.errors(include_input=False, include_context=False)[0]["loc"]
        raise ContentUnreadable(".".join(map(str, where))) from None
    return asked


def read(text: str) -> Asked:
    """What a signed text proposes: `ĐỀ NGHỊ agency`, and below it one JSON object.

    What a mail program put below that counts for nothing.

    Raises:
        ActUnknown, ContentUnreadable: nothing can come of it.
    """
    order = read_order(text)
    if not isinstance(order, OrderText) or order.verb is not Verb.PROPOSE:
        raise ActUnknown
    try:
        stored, _ = json.JSONDecoder().raw_decode(below(text).lstrip())
    except (ValueError, RecursionError):
        raise ContentUnreadable from None
    return content(Act(order.about), stored)


def written(asked: Asked) -> str:
    """The text to sign."""
    stored = json.dumps(asked.stored(), ensure_ascii=False, indent=1)
    return f"ĐỀ NGHỊ {act_of(asked)}\n{stored}\n"
