"""What officers order is done, or not; and they are told, at their registered mailboxes.

Whichever way an order comes, it is a mail whose first line they have signed
(`bot.dossier.orders`). Obeyed or not, it stands in the register and in the trail
with who, when and why; the mail in the archive bears the signature.
"""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256

from bot.dossier.orders import Misread, OrderText
from bot.dossier.signature_rules import LOCAL_AS_UTC
from bot.outbox.delivery import intend
from bot.outbox.officer_notices import Ordered
from bot.outbox.readable import ungrouped
from bot.procedures.orders.case_file import items_waiting
from bot.procedures.orders.hearing import Word
from bot.procedures.orders.holds import DECIDING, hold
from bot.procedures.orders.ruling import RULINGS, Ruling
from bot.procedures.power import proposing as power
from bot.register import audit
from bot.register.counter import Counter
from bot.register.lifecycle import Channel, DossierStatus, ProposalStatus, Verb
from bot.register.models import Dossier, Hold, Mail, Officer, Order, Proposal
from bot.sections.officers import Officers
from bot.signatures.verdict import CLOCK_GRACE

OBEYED = "officer.ordered"


@dataclass(frozen=True)
class Given:
    """An order that was given, as it is looked into."""

    order: Order
    said: OrderText
    word: Word
    officer: Officer
    mail: Mail
    settings: Officers
    now: datetime


async def obey(mail: Mail, word: Word, officer: Officer, settings: Officers, now: datetime) -> None:
    """Do what `officer` has signed, if they may, and tell them; inside the caller's transaction."""
    await Counter.one_at_a_time("decisions")  # an order may cross another, or a withdrawal
    await officer.refresh_from_db(fields=["role", "since", "until"])  # or one about this officer
    if not isinstance(word.said, OrderText):
        why = _unread(word, officer, mail)
        await _trail(officer, "order.misread", why, mail, now)
        await _tell(_told(mail, None, why), mail, officer, now)
        return
    mark = None if mail.is_trial else _mark(word, officer)  # what is tried out uses nothing up
    is_new = mark is None or not await Order.exists(mark=mark)
    order = await Order.create(
        officer=officer,
        mail=mail,
        verb=word.said.verb,
        rows=list(word.said.rows),
        reason=word.said.reason,
        mark=mark if is_new else None,
        made_at=now,
    )
    given = Given(order, word.said, word, officer, mail, settings, now)
    why = _objection(given) if is_new else "order.replayed"
    order.refused = why or await _carry_out(given)
    await order.save(update_fields=["hold_id", "refused"])
    code = "order.refused" if order.refused else f"order.{order.verb}"
    await _trail(officer, code, order.refused or OBEYED, mail, now, order, word.said.about)
    told = _told(mail, word.said, order.refused)
    if order.verb is Verb.PROPOSE and not order.refused:
        proposal = await order.proposal
        waits = proposal.status is ProposalStatus.PROPOSED
        told = replace(told, proposal=proposal.number, waits=waits)
    await _tell(told, mail, officer, now)


def _unread(word: Word, officer: Officer, mail: Mail) -> str:
    """Why there is no order at all: a code."""
    if word.doubt or isinstance(word.said, Misread):
        return word.said.why if isinstance(word.said, Misread) else word.doubt
    return "order.none" if officer.in_force(mail.received_at) else "officer.not_in_force"


def _mark(word: Word, officer: Officer) -> str:
    """Of who signed what and when: the same, however often it is wrapped and sent.

    Line ends may differ under the same signature (RFC 8551 section 3.1.1).
    """
    said = " ".join(word.text.split())
    signed = "\0".join((officer.fingerprint or "", f"{word.signed_at}", said))
    return sha256(signed.encode()).hexdigest()


def _objection(given: Given) -> str:
    """Why an order is none whatever it says: a code; empty where it may be obeyed."""
    received, signed_at = given.mail.received_at, given.word.signed_at
    is_of_power = given.said.verb is Verb.PROPOSE or given.said.is_of_proposal
    if given.mail.is_trial:
        return "order.trial"
    if not given.officer.in_force(received):
        return "officer.not_in_force"
    if given.officer.role not in DECIDING and not is_of_power:  # there `power` says who may
        return "order.not_allowed"
    if signed_at is None:
        return "order.undated"
    if signed_at < received - timedelta(days=given.settings.code_days):
        return "order.old"
    return "order.early" if signed_at > received + LOCAL_AS_UTC + CLOCK_GRACE else ""


async def _carry_out(given: Given) -> str:
    """Do it; else a code says why not, and nothing was done."""
    said, word = given.said, given.word
    if said.verb is Verb.PROPOSE:
        return await power.propose(
            given.order, given.officer, word.text, word.evidence, given.settings, given.now
        )
    if said.is_of_proposal:
        return await _answer(given)
    return await _rule(given)


async def _answer(given: Given) -> str:
    proposal = await Proposal.get_or_none(number=given.said.about)
    if proposal is None:
        return "order.proposal"
    if not hmac.compare_digest(ungrouped(proposal.code), given.said.code):
        return await _wrong_code(given.said)
    return await power.answer(given.order, given.officer, proposal, given.settings, given.now)


async def _rule(given: Given) -> str:
    """Decide a held dossier, or rows of it that wait."""
    order = given.order
    named = Dossier.get_or_none(number=given.said.about)
    dossier = await named.prefetch_related("agency", "mail")
    if dossier is None:
        return "order.dossier"
    why = await _rule_on(dossier, given)
    await dossier.record(
        "order.refused" if why else f"order.{order.verb}", because=why or OBEYED, now=given.now,
        officer=given.officer.id, order=order.id, mail=given.mail.digest,
    )  # fmt: skip
    return why


async def _rule_on(dossier: Dossier, given: Given) -> str:
    code = _named(await Hold.filter(dossier=dossier), given.said.code)
    if code is None:
        return await _wrong_code(given.said)
    given.order.hold = code
    if code.ended_at:
        return "order.code_used"
    waiting = await items_waiting(dossier)
    if not waiting and dossier.status is not DossierStatus.HELD:
        return "order.nothing_waits"
    if code.expires_at <= given.mail.received_at:
        await hold(dossier, given.settings, given.now)
        return "order.code_expired"
    rows = given.said.rows
    chosen = tuple(item for item in waiting if item.position in rows or not rows)
    if len(chosen) < len(rows):
        return "order.rows_other"
    ruling = Ruling(dossier, chosen, given.order, given.officer, given.settings, given.now)
    await RULINGS[given.said.verb](ruling)
    return ""


def _named(holds: Sequence[Hold], code: str) -> Hold | None:
    """The one that bears `code`, compared in constant time."""
    return next((one for one in holds if hmac.compare_digest(one.code, code)), None)


async def _wrong_code(said: OrderText) -> str:
    known = await Hold.exists(code=said.code) or await Proposal.exists(code=said.code)
    return "order.code_other" if known else "order.code_unknown"


async def _trail(
    officer: Officer,
    code: str,
    because: str,
    mail: Mail,
    now: datetime,
    order: Order | None = None,
    about: str = "",
) -> None:
    await audit.append(
        officer.chain, code, subject=order.id if order else None, because=because, now=now,
        details={"mail": mail.digest, "about": about},
    )  # fmt: skip


def _told(mail: Mail, said: OrderText | None, refused: str) -> Ordered:
    return Ordered(
        mail.received_at,
        mail.digest[:16],
        said.verb if said else None,
        said.about if said else "",
        said.rows if said else (),
        said.reason if said else "",
        refused,
    )


async def _tell(told: Ordered, mail: Mail, officer: Officer, now: datetime) -> None:
    await intend(
        told, key=f"ordered:{mail.id}", channel=Channel.EMAIL,
        recipient=officer.mailbox, now=now, answers=mail,
    )  # fmt: skip
