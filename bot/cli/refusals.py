"""Why something is refused, in words: what is wrong, and what to do about it."""

from bot.clock import HANOI
from bot.errors import BotError
from bot.procedures.power.enrolment import (
    CertificateTaken,
    MailboxTaken,
    PeriodEmpty,
    SignerStands,
)

SAID = {
    "agency.exists": ("An agency of that code is registered.", "See `bot agency list`."),
    "agency.unknown": ("No agency has that code.", "See `bot agency list`."),
    "agency.mailbox": ("A mailbox is another agency's.", "See `bot agency show`."),
    "signer.taken": ("The certificate signs for somebody else.", "See `bot agency show`."),
    "signer.officer": (
        "No certificate is an officer's and signs for an agency, too.",
        "See `bot officer list`, `bot agency show`; each signs with one of its own.",
    ),
    "signer.stands": (
        "It is registered from another day on.",
        "To change its end, leave --since out.",
    ),
    "enrolment.same": (
        "It is registered so already.",
        "See `bot agency show`, `bot officer show`; --until ends it.",
    ),
    "period.empty": ("It would end before it begins.", "Give a later day as --until."),
    "officer.role": (
        "This officer may neither propose nor answer proposals.",
        "Somebody of role govern must: see `bot officer list`.",
    ),
    "officer.unknown": ("No officer has that mailbox.", "See `bot officer list`."),
    "officer.certificate_taken": (
        "The certificate, or its key, is another officer's.",
        "See `bot officer list`.",
    ),
    "officer.certificate_dates": (
        "The certificate has expired, or is not valid yet.",
        "Let the officer get a new one.",
    ),
    "officer.enough": (
        "As many officers govern as must sign; they name who else does.",
        "See `bot officer add --help`.",
    ),
    "officer.too_few": (
        "Fewer would be left who govern than must sign.",
        "Register who takes their place first: bot officer add",
    ),
    "proposal.nobody": (
        "No other officer who governs could sign it, too.",
        "Register another first: bot officer add --role govern; or `bot init --help`.",
    ),
    "proposal.own": ("Who proposes cannot approve.", "Another officer must: `bot officer list`."),
    "proposal.closed": ("It has been answered, or has lapsed.", "See `bot proposal list`."),
    "proposal.expired": ("Its time is over.", "Propose it again."),
    "proposal.proposer": ("Who proposed it governs no more.", "Propose it again."),
    "pause.standing": ("Issuing stands still already.", "To let it go on: bot resume"),
    "pause.none": ("Issuing does not stand still.", "Nothing is to be done."),
    "task.not_parked": ("No such task was given up.", "See `bot task list`."),
    "serial.unknown": (
        "Some serial numbers are of no certificate that was handed over.",
        "See `bot certificate list`; nothing was revoked.",
    ),
    "proposal.act": ("Nothing of the kind can be proposed.", "See docs/power.md."),
    "proposal.content": ("What is proposed cannot be read.", "Write it by a command: bot --help"),
    "order.needed": (
        "Nothing is revoked without a signed order.",
        "Add --p12 FILE, or --pkcs11 MODULE --token LABEL --key LABEL.",
    ),
    "order.replayed": ("The same order was given before.", "See `bot order list`."),
    "order.early": (
        "It was signed in the future, as the bot sees it.",
        "Set this machine's clock; then order it again.",
    ),
    "officer.not_in_force": ("Who signed is no officer now.", "See `bot officer list`."),
    "order.code_used": ("Its code is used up.", "Look again: bot order waiting"),
    "order.code_expired": ("Its code has expired.", "Look again: bot order waiting"),
    "order.nothing_waits": ("Nothing waits there.", "See `bot dossier show`."),
    "order.rows_other": ("Some of the rows do not wait.", "See `bot dossier show`."),
    "order.not_allowed": ("The officer's role does not allow it.", "See `bot officer list`."),
}


def said(code: str) -> tuple[str, str]:
    """What a code means, and its remedy."""
    what, remedy = SAID.get(code, ("Refused.", "See docs/power.md and docs/orders.md."))
    return f"{what.removesuffix('.')} ({code}).", remedy


def explained(error: BotError) -> tuple[str, str]:
    """The same of an error that happened here, with what it is about."""
    match error:
        case MailboxTaken():
            return (
                f"{error.mailbox} is a mailbox of agency {error.other}.",
                f"See `bot agency show {error.other}`; each agency has its own.",
            )
        case CertificateTaken():
            standing = error.standing
            code, capacity = standing.agency.code, standing.capacity
            return (
                f"{standing.name} signs for agency {code} as {capacity} with this certificate.",
                f"End that first: bot agency signer {code} FILE --capacity {capacity} --until DATE",
            )
        case PeriodEmpty():
            begins = f"{error.since.astimezone(HANOI):%Y-%m-%d %H:%M}"
            return f"It would end before it begins ({begins}).", "Give a later day as --until."
        case SignerStands():
            since = f"{error.since.astimezone(HANOI):%Y-%m-%d}"
            return f"It is registered from {since} on.", "To change its end, leave --since out."
    return said(error.code)
