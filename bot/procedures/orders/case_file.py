"""A held dossier, laid out for whoever decides: what was asked, what was found, what is known.

Out of the register alone: what was judged stands there. Personal data is limited
to what a decision needs: names, wishes, and whose certificate is meant.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cache

from bot.dossier import ruleset
from bot.dossier.application import application_from_json, faults_from_json
from bot.dossier.catalogue import FORMS
from bot.dossier.form import Procedure
from bot.dossier.form04 import FORM_04
from bot.dossier.known import VETTED, Claim
from bot.dossier.persons import claims_on
from bot.dossier.rows import CertificateRow, ChangeRow, RevokeRow, Row
from bot.dossier.rules import Consequence, Fault
from bot.outbox.officer_notices import Held
from bot.outbox.order_words import basis
from bot.outbox.values import (
    HeldCertificate,
    HeldRow,
    HeldSignature,
    OtherRequest,
    RegisteredSigner,
)
from bot.register.lifecycle import CertificateStatus, DossierStatus, ItemStatus
from bot.register.models import AgencySigner, Certificate, Dossier, Item, Subscriber
from bot.signatures.identity import subject
from bot.signatures.verdict import Indication, SubIndication

ROWS_LIMIT = 50  # that one notice lays out; the rest is counted
FAULTS_LIMIT = 200
HANDED_OVER = (CertificateStatus.VALID, CertificateStatus.REVOKED)


async def case_file(dossier: Dossier, kept: str = "") -> Held:
    """What an officer is told of `dossier`, without a code; its agency has been fetched.

    Args:
        kept: why an officer has let it wait until now.
    """
    is_letter = dossier.status is DossierStatus.HELD
    waiting = await items_waiting(dossier)
    faults = faults_of(dossier, waiting)[:FAULTS_LIMIT]
    rows = await _rows(dossier, waiting[:ROWS_LIMIT])
    application = application_from_json(dossier.application) if dossier.application else None
    return Held(
        dossier.number,
        dossier.agency.name,
        dossier.received_at,
        dossier.due_at,
        faults,
        sources={code: basis(_sources()[code]) for code in _codes(faults) & _sources().keys()},
        kept=kept,
        procedure=Procedure(dossier.procedure),
        letter_number=application.letter.number if application else "",
        is_letter=is_letter,
        signatures=await _signatures(dossier),
        signers=await _signers(dossier.agency_id),
        rows=rows,
        more=len(waiting) - len(rows),
    )


async def items_waiting(dossier: Dossier) -> list[Item]:
    """The rows that wait for an officer: with their letter, or for themselves; in order."""
    status = [ItemStatus.HELD]
    if dossier.status is DossierStatus.HELD:
        status.append(ItemStatus.ASKED)
    return await Item.filter(dossier=dossier, status__in=status).order_by("position")


def faults_of(dossier: Dossier, items: Iterable[Item]) -> tuple[Fault, ...]:
    """The faults of a held letter, or what holds in one that was accepted, and those of `items`."""
    own = faults_from_json(dossier.faults)
    if dossier.status is not DossierStatus.HELD:
        own = tuple(fault for fault in own if fault.consequence is Consequence.HOLD)
    return own + faults_from_json([fault for item in items for fault in item.faults])


def _codes(faults: Iterable[Fault]) -> set[str]:
    return {fault.code for fault in faults}


@cache
def _sources() -> Mapping[str, str]:
    """What every rule rests on, by its code."""
    rows = (rule for rules in ruleset.ROW.values() for rule in rules)
    return {rule.code: rule.source for rule in (*ruleset.ALL_RULES, *rows)}


async def _rows(dossier: Dossier, items: list[Item]) -> tuple[HeldRow, ...]:
    if not dossier.application:
        return ()
    asked = application_from_json(dossier.application)
    persons = {item.position: item.person for item in items}
    rows = [row for row in asked.rows if row.position in persons]
    named = await _certificates(row for row in rows if isinstance(row, CertificateRow))
    had = await _current(persons.values())
    claims = await claims_on(dossier, set(persons.values()) - {""})

    def laid_out(row: Row) -> HeldRow:
        person = persons[row.position]
        return HeldRow(
            row.position,
            row.full_name.typed,
            _wish(asked.procedure, row),
            named.get(row.serial.value or "")
            if isinstance(row, CertificateRow)
            else had.get(person),
            tuple(map(_other, claims.get(person, ()))),
        )

    return tuple(map(laid_out, rows))


def _other(claim: Claim) -> OtherRequest:
    return OtherRequest(claim.dossier, claim.agency, claim.procedure, claim.status in VETTED)


def _wish(procedure: Procedure, row: Row) -> str:
    if isinstance(row, ChangeRow):
        ticked = {"renew": row.renew, "amend": row.amend}
        wishes = [FORM_04.columns[name].label for name, is_ticked in ticked.items() if is_ticked]
        change = f"{row.what.typed} → {row.new.typed}" if row.amend else ""
        return "; ".join(filter(None, [", ".join(wishes), change]))
    name = FORMS[procedure].name if procedure in FORMS else ""
    return f"{name}: {row.reason.typed}" if isinstance(row, RevokeRow) else name


async def _certificates(rows: Iterable[CertificateRow]) -> dict[str, HeldCertificate]:
    """The certificates that `rows` name, by serial number."""
    serials = [row.serial.value for row in rows if row.serial.value]
    found = Certificate.filter(serial__in=serials, status__in=HANDED_OVER)
    certificates = await found.select_related("subscriber__agency")
    return {one.serial: _certificate(one) for one in certificates}


async def _current(persons: Iterable[str]) -> dict[str, HeldCertificate]:
    """The current certificate of each of `persons` who has one, by personal number."""
    found = Certificate.filter(
        subscriber__personal_number__in=set(persons), current_of__isnull=False
    )
    rows = await found.select_related("subscriber__agency")
    return {one.subscriber.personal_number: _certificate(one) for one in rows}


def _certificate(one: Certificate) -> HeldCertificate:
    holder: Subscriber = one.subscriber
    return HeldCertificate(
        one.serial, holder.full_name, holder.mailbox, holder.agency.name, one.not_after, one.status
    )


async def _signatures(dossier: Dossier) -> tuple[HeldSignature, ...]:
    """Every signature that was judged, with who the register says has made it."""
    fingerprints = [one["fingerprint"] for one in dossier.verdicts]
    entries: dict[str, AgencySigner] = {}
    known = AgencySigner.filter(fingerprint__in=fingerprints).order_by("id")
    async for entry in known.prefetch_related("agency"):
        if entry.agency_id == dossier.agency_id or entry.fingerprint not in entries:
            entries[entry.fingerprint] = entry
    return tuple(
        _signature(one, entries.get(one["fingerprint"]), dossier) for one in dossier.verdicts
    )


def _signature(
    judged: Mapping[str, str], entry: AgencySigner | None, dossier: Dossier
) -> HeldSignature:
    is_other = entry is not None and entry.agency_id != dossier.agency_id
    return HeldSignature(
        signer=judged["signer"],
        capacity=entry.capacity if entry else None,
        indication=Indication(judged["indication"]),
        sub_indication=SubIndication(why) if (why := judged["sub_indication"]) else None,
        agency=entry.agency.name if entry and is_other else "",
        signed_at=datetime.fromisoformat(at) if (at := judged["signing_time"]) else None,
    )


async def _signers(agency_id: int) -> tuple[RegisteredSigner, ...]:
    entries = await AgencySigner.filter(agency_id=agency_id).order_by("capacity", "id")
    return tuple(
        RegisteredSigner(
            subject(bytes(one.certificate)) or one.name, one.capacity, one.since, one.until
        )
        for one in entries
    )
