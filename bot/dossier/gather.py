"""From the register to a `Case`. Look-ups only; nothing is judged here."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.config import Settings
from bot.dossier.application import Application
from bot.dossier.attachment_rules import SHEETS
from bot.dossier.case import AgencyFacts, Case, Holding, Signed, Signer
from bot.dossier.holders import holdings_of, known_of_holders
from bot.dossier.known import Known
from bot.dossier.letter import letter_key, read_application
from bot.dossier.naming import named_dossiers
from bot.dossier.persons import known_of
from bot.dossier.rows import CertificateRow, ChangeRow, IssueRow
from bot.dossier.spreadsheet import page_of
from bot.dossier.terms import WORDS
from bot.inbox.mime import Part, Survey
from bot.inbox.workbook import Workbook
from bot.register.lifecycle import Capacity
from bot.register.models import Agency, AgencySigner, Dossier
from bot.signatures.verdict import Signature, SignedFile, SignedMail


@dataclass(frozen=True)
class Judged:
    """A letter and the mail that brought it, with the verdict of every signature.

    `letters` is how many of them the mail has brought.
    """

    survey: Survey
    file: SignedFile
    mail: SignedMail
    letters: int = 1

    @property
    def sheets(self) -> tuple[Part, ...]:
        return tuple(part for part in self.survey.parts if part.kind in SHEETS)


async def gather(dossier: Dossier, judged: Judged, settings: Settings, now: datetime) -> Case:
    """Everything that the rules ask about `dossier`."""
    file = judged.file
    transport = await _signed(judged.mail.signatures, dossier)
    sealed = _sealed(judged, transport, dossier.agency_id)
    loose = len(judged.sheets) - len(sealed)
    is_shared = judged.letters > 1 and bool(sealed)
    workbooks = (*file.workbooks, *(() if is_shared else sealed.values()))
    agency = await Agency.get(id=dossier.agency_id)
    application, sheet = await asyncio.to_thread(read_application, file, workbooks, agency.receiver)
    known, holdings = await _people(dossier, application, now)
    patience = timedelta(hours=settings.trust.patience_hours)
    return Case(
        agency=_facts(agency, settings),
        signatures=await _signed(file.signatures, dossier),
        application=application,
        received_at=dossier.received_at,
        patience_over=now >= dossier.received_at + patience,
        rules=settings.rules,
        words=WORDS[settings.terms],
        addressees=(settings.authority.name, *settings.rules.addressee),
        senders=judged.survey.senders,
        attachments=tuple(dict.fromkeys(part.kind for part in judged.survey.parts)),
        truncated=judged.survey.truncated,
        sheet=sheet,
        page=page_of(workbooks, sheet) if sheet else None,
        file_faults=file.faults,
        divergent=file.divergent,
        transport=transport,
        loose_sheets=loose,
        shared_sheets=len(sealed) if is_shared else 0,
        has_content=bool(file.values or file.divergent) or any(file.text),
        overruled=frozenset((code, position) for code, position in dossier.overruled),
        named=await named_dossiers(dossier, application),
        letter_used_in=await _used_in(dossier, application),
        known=known,
        holdings=holdings,
    )


def _facts(agency: Agency, settings: Settings) -> AgencyFacts:
    return AgencyFacts(
        id=agency.id,
        name=agency.name,
        province=agency.province,
        places=(agency.name, agency.organization, *agency.units, *agency.workplaces),
        path=agency.path,
        mailboxes=tuple(sorted(agency.mailboxes)),
        domains=tuple(map(str.casefold, agency.domains)) or settings.rules.mail_domains,
    )


def _sealed(
    judged: Judged, transport: tuple[Signed, ...], agency_id: int
) -> Mapping[int, Workbook]:
    """The sheets that the agency's seal covers together with the letter, by part.

    Nobody else may have signed the mail but who is registered for the agency.
    """
    own = zip(judged.mail.signatures, transport, strict=True)
    passed = [(one, by.signer) for one, by in own if one in judged.mail.passed]
    if not all(signer and signer.agency_id == agency_id for _, signer in passed):
        return {}
    letter = {part.index for part in judged.survey.parts if part.sha256 == judged.file.sha256}
    covered = {
        part
        for one, signer in passed
        if signer and signer.capacity is Capacity.ORGANISATION and signer.in_force
        if letter & set(one.parts)
        for part in one.parts
    }
    return {part: book for part, book in judged.mail.workbooks.items() if part in covered}


async def _signed(signatures: Sequence[Signature], dossier: Dossier) -> tuple[Signed, ...]:
    """Each signature with the register's entry: of several, the one that speaks for the agency."""
    fingerprints = [signature.fingerprint for signature in signatures]
    entries = await AgencySigner.filter(fingerprint__in=fingerprints).order_by("id")
    signers: dict[str, list[Signer]] = {}
    for entry in entries:
        in_force = entry.in_force(dossier.received_at)
        signers.setdefault(entry.fingerprint, []).append(
            Signer(entry.agency_id, entry.capacity, in_force)
        )
    return tuple(
        Signed(
            one,
            max(
                signers.get(one.fingerprint, ()),
                key=lambda signer: (signer.agency_id == dossier.agency_id, signer.in_force),
                default=None,
            ),
        )
        for one in signatures
    )


async def _used_in(dossier: Dossier, application: Application | None) -> str | None:
    key = letter_key(dossier.agency_id, application.letter) if application else None
    other = await Dossier.filter(letter_key=key).exclude(id=dossier.id).first() if key else None
    return other.number if other else None


async def _people(
    dossier: Dossier, application: Application | None, now: datetime
) -> tuple[Mapping[int, Known], Mapping[int, Holding]]:
    """What the register knows of the people of each row, and of the certificates they have."""
    rows = application.rows if application else ()
    holdings = await holdings_of([row for row in rows if isinstance(row, CertificateRow)], now)
    changes = [row for row in rows if isinstance(row, ChangeRow)]
    known = {
        **await known_of(dossier, [row for row in rows if isinstance(row, IssueRow)], now),
        **await known_of_holders(dossier, changes, holdings, now),
    }
    return known, holdings
