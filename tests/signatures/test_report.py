"""The file's verdict: the worst of its signatures, of what they leave out, and of who sent it."""

import re
import tomllib
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from bot.config import template_folder
from bot.inbox.mime import Kind, Part, Survey
from bot.inbox.workbook import Workbook
from bot.signatures.identity import addresses, subject
from bot.signatures.report import BLINDING, UNREAD, Report, on_mail, on_nothing, on_pdf
from bot.signatures.verdict import (
    Indication,
    MailSignature,
    Signature,
    SignedFile,
    SignedMail,
    SubIndication,
    Verdict,
)

SENDER = "vanthu@thptcva.edu.vn"
GOOD = Verdict.passed()
FAILED = Verdict.failed(SubIndication.HASH_FAILURE, "signature.digest")
LATER = Verdict.indeterminate(SubIndication.TRY_LATER, "revocation.unavailable")
PASSED = (Indication.TOTAL_PASSED, None, ())


@cache
def a_certificate(*mailboxes: str, in_subject: str = "", common_name: str = "Văn thư") -> bytes:
    """DER; `mailboxes` are its alternative names, `in_subject` its emailAddress."""
    key = ec.generate_private_key(ec.SECP256R1())
    attributes = [x509.NameAttribute(NameOID.COMMON_NAME, common_name)]
    if in_subject:
        attributes.append(x509.NameAttribute(NameOID.EMAIL_ADDRESS, in_subject))
    name, now = x509.Name(attributes), datetime(2026, 1, 1, tzinfo=UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).serial_number(1)
    builder = builder.public_key(key.public_key()).not_valid_before(now)
    builder = builder.not_valid_after(now + timedelta(days=1))
    if mailboxes:
        names = x509.SubjectAlternativeName(map(x509.RFC822Name, mailboxes))
        builder = builder.add_extension(names, critical=False)
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)


def a_signature(
    verdict: Verdict = GOOD, certificate: bytes | None = None, covers: int = 100
) -> Signature:
    der = certificate or a_certificate(SENDER)
    return Signature(
        field="leader",
        covers=covers,
        intact=verdict is not FAILED,
        certificate=der,
        verdict=verdict,
    )


def a_seal(
    verdict: Verdict = GOOD,
    certificate: bytes | None = None,
    *,
    parts: tuple[int, ...] = (0, 1, 2),
    is_root: bool = True,
) -> MailSignature:
    own = dict(a_signature(verdict, certificate)) | {"field": "1" if is_root else "1.1"}
    return MailSignature(**own, parts=parts, is_root=is_root)


def a_letter(
    *signatures: Signature, faults: tuple[str, ...] = (), divergent: tuple[str, ...] = ()
) -> SignedFile:
    return SignedFile(
        name="letter.pdf", sha256="ab", signatures=signatures, faults=faults, divergent=divergent
    )


def a_part(index: int, kind: Kind, filename: str = "") -> Part:
    return Part(index=index, filename=filename, declared="", kind=kind, size=7, sha256="cd")


TEXT, LETTER, SHEET = (
    a_part(0, Kind.TEXT), a_part(1, Kind.PDF, "letter.pdf"), a_part(2, Kind.XLSX, "list.xlsx")
)  # fmt: skip


def a_survey(
    *parts: Part,
    senders: tuple[str, ...] = (SENDER,),
    truncated: bool = False,
    automatic: str = "",
) -> Survey:
    return Survey(senders=senders, parts=parts, truncated=truncated, automatic=automatic)


def the_mail(
    *parts: Part,
    seals: tuple[MailSignature, ...] = (),
    letter: SignedFile | None = None,
    faults: tuple[str, ...] = (),
    senders: tuple[str, ...] = (SENDER,),
) -> Report:
    """A mail of a text, `parts`, and what signs it."""
    mail = SignedMail(faults=faults, signatures=seals)
    survey = a_survey(TEXT, *parts, senders=senders)
    return on_mail(survey, mail, {LETTER.index: letter} if letter else {})


def said(report: Report) -> tuple[Indication, SubIndication | None, tuple[str, ...]]:
    return report.verdict, report.sub_indication, report.reasons


def unsure(
    *reasons: str, why: SubIndication = SubIndication.GENERIC
) -> tuple[Indication, SubIndication, tuple[str, ...]]:
    return Indication.INDETERMINATE, why, reasons


# A PDF by itself


def test_a_signed_pdf() -> None:
    report = on_pdf(a_letter(a_signature(covers=50), a_signature(covers=100)), 100)
    assert said(report) == PASSED
    assert [one.covers for one in report.signatures] == [
        "letter.pdf, revision 1 of 2",
        "letter.pdf, revision 2 of 2",
    ]
    assert report.signatures[0].signer == "CN=Văn thư"
    (file,) = report.files
    assert (file.kind, file.size, file.covered, file.faults) == (Kind.PDF, 100, True, ())


@pytest.mark.parametrize(
    ("letter", "expected"),
    [
        (a_letter(), unsure("signature.none")),
        (a_letter(a_signature(LATER)), unsure(*LATER.reasons, why=SubIndication.TRY_LATER)),
        (
            a_letter(a_signature(), a_signature(FAILED)),
            (Indication.TOTAL_FAILED, SubIndication.HASH_FAILURE, FAILED.reasons),
        ),
        (
            a_letter(a_signature(LATER), a_signature(FAILED)),
            (
                Indication.TOTAL_FAILED,
                SubIndication.HASH_FAILURE,
                (*LATER.reasons, *FAILED.reasons),
            ),
        ),
        (a_letter(a_signature(), faults=("pdf.changed",)), unsure("pdf.changed")),
        (a_letter(a_signature(), divergent=("row_01_email",)), unsure("pdf.divergent")),
        (a_letter(faults=("pdf.active",)), unsure("pdf.active", "signature.none")),
        (a_letter(faults=("sandbox.time",)), unsure("sandbox.time")),
        *((a_letter(faults=(fault,)), unsure(fault)) for fault in BLINDING),
    ],
)
def test_one_change_and_it_has_not_passed(
    letter: SignedFile, expected: tuple[Indication, SubIndication, tuple[str, ...]]
) -> None:
    report = on_pdf(letter, 1)
    assert said(report) == expected
    assert (
        not report.files[0].covered
        or letter.divergent
        or any(not one.passed for one in letter.signatures)
    )


@pytest.mark.parametrize("fault", sorted(UNREAD))
def test_what_no_machine_reads_is_signed_all_the_same(fault: str) -> None:
    report = on_pdf(a_letter(a_signature(), faults=(fault,)), 1)
    assert said(report) == PASSED
    assert (report.files[0].covered, report.files[0].faults) == (True, (fault,))


# A mail


@pytest.mark.parametrize(
    "report",
    [
        the_mail(seals=(a_seal(),)),
        the_mail(LETTER, SHEET, seals=(a_seal(),)),
        the_mail(LETTER, letter=a_letter(a_signature())),
        the_mail(LETTER, SHEET, letter=a_letter(a_signature()), seals=(a_seal(),)),
        the_mail(LETTER, letter=a_letter(a_signature(), a_signature(certificate=a_certificate()))),
        the_mail(seals=(a_seal(), a_seal(certificate=a_certificate("other@gov.vn")))),
        the_mail(seals=(a_seal(), a_seal(is_root=False)), senders=(SENDER,)),
        the_mail(seals=(a_seal(certificate=a_certificate("VanThu@ThptCva.edu.vn")),)),
        the_mail(seals=(a_seal(certificate=a_certificate(in_subject=SENDER)),)),
        the_mail(a_part(1, Kind.OTHER), letter=None, seals=(a_seal(),)),
        the_mail(a_part(2, Kind.OTHER), LETTER, letter=a_letter(a_signature())),
    ],
)
def test_what_passes(report: Report) -> None:
    assert said(report) == PASSED


@pytest.mark.parametrize(
    ("report", "expected"),
    [
        (the_mail(), unsure("signature.none")),
        (the_mail(LETTER, letter=a_letter()), unsure("signature.none")),
        (the_mail(SHEET), unsure("signature.none")),
        (the_mail(SHEET, LETTER, letter=a_letter(a_signature())), unsure("file.uncovered")),
        (the_mail(LETTER, SHEET, seals=(a_seal(parts=(0, 1)),)), unsure("file.uncovered")),
        (the_mail(LETTER, seals=(a_seal(),), letter=a_letter(faults=("pdf.active",))),
         unsure("pdf.active")),
        (the_mail(seals=(a_seal(is_root=False),)), unsure("mail.partly_signed")),
        (
            the_mail(
                LETTER, letter=a_letter(a_signature()), seals=(a_seal(is_root=False, parts=(0,)),)
            ),
            unsure("mail.partly_signed"),
        ),
        (the_mail(seals=(a_seal(),), faults=("mail.encrypted",)), unsure("mail.encrypted")),
        (the_mail(faults=("mail.encrypted",)), unsure("mail.encrypted")),
        *(
            (the_mail(a_part(1, kind), seals=(a_seal(),)), unsure(f"attachment.{kind}"))
            for kind in (Kind.ZIP, Kind.RAR, Kind.ENCRYPTED)
        ),
        (
            the_mail(seals=(a_seal(), a_seal(LATER))),
            unsure(*LATER.reasons, why=SubIndication.TRY_LATER),
        ),
        (
            the_mail(LETTER, seals=(a_seal(),), letter=a_letter(a_signature(FAILED))),
            (Indication.TOTAL_FAILED, SubIndication.HASH_FAILURE, FAILED.reasons),
        ),
    ],
)  # fmt: skip
def test_what_does_not(
    report: Report, expected: tuple[Indication, SubIndication | None, tuple[str, ...]]
) -> None:
    assert said(report) == expected


def test_a_faulty_sheet_is_not_passed_over() -> None:
    sheet = Workbook(name="list.xlsx", sha256="cd", faults=("sheet.macros",))
    mail = SignedMail(signatures=(a_seal(),), workbooks={SHEET.index: sheet})
    report = on_mail(a_survey(TEXT, SHEET), mail, {})
    assert said(report) == unsure("sheet.macros")


def test_parts_that_nobody_looked_at() -> None:
    survey = a_survey(TEXT, truncated=True)
    assert said(on_mail(survey, SignedMail(signatures=(a_seal(),)), {})) == unsure("mail.truncated")


def test_a_machines_mail_says_so_and_is_judged_the_same() -> None:
    survey = a_survey(TEXT, automatic="mail.list")
    report = on_mail(survey, SignedMail(signatures=(a_seal(),)), {})
    assert (said(report), report.automatic) == (PASSED, True)


# From

MISMATCH = SubIndication.SIG_CONSTRAINTS_FAILURE


def test_who_signed_last_is_who_sent_it() -> None:
    """A signed mail inside of another's names nobody who sent that one."""
    other = a_seal(certificate=a_certificate("other@x.vn"))
    inner = a_seal().model_copy(update={"field": "1.1"})
    wrapped = unsure("from.not_in_certificate", why=SubIndication.SIG_CONSTRAINTS_FAILURE)
    assert said(the_mail(seals=(other, inner))) == wrapped
    assert said(the_mail(seals=(other, inner), senders=("other@x.vn",))) == PASSED


@pytest.mark.parametrize("signed", ["mail", "letter"])
@pytest.mark.parametrize(
    ("certificate", "senders", "expected"),
    [
        (a_certificate("other@gov.vn"), (SENDER,), unsure("from.not_in_certificate", why=MISMATCH)),
        (a_certificate(f"x{SENDER}"), (SENDER,), unsure("from.not_in_certificate", why=MISMATCH)),
        (a_certificate(), (SENDER,), unsure("certificate.no_address")),
        (a_certificate(in_subject=f"{SENDER}\0"), (SENDER,),
         unsure("from.not_in_certificate", why=MISMATCH)),
        (a_certificate(in_subject="vanthu@thptcva.edu.vn".replace("a", "а", 1)), (SENDER,),
         unsure("certificate.no_address")),
        (a_certificate(common_name=SENDER), (SENDER,), unsure("certificate.no_address")),
        (a_certificate(SENDER), (), unsure("from.not_one_address", why=MISMATCH)),
        (a_certificate(SENDER), ("",), unsure("from.not_one_address", why=MISMATCH)),
        (a_certificate(SENDER), (SENDER, SENDER), unsure("from.not_one_address", why=MISMATCH)),
        (a_certificate(), (),
         unsure("from.not_one_address", "certificate.no_address", why=MISMATCH)),
    ],
)  # fmt: skip
def test_from_is_the_signers(
    signed: str,
    certificate: bytes,
    senders: tuple[str, ...],
    expected: tuple[Indication, SubIndication, tuple[str, ...]],
) -> None:
    if signed == "mail":
        report = the_mail(seals=(a_seal(certificate=certificate),), senders=senders)
    else:
        letter = a_letter(a_signature(certificate=certificate))
        report = the_mail(LETTER, letter=letter, senders=senders)
    assert said(report) == expected
    assert {one.verdict for one in report.signatures} == {Indication.TOTAL_PASSED}


def test_the_mails_own_signer_answers_for_from_not_those_inside() -> None:
    other = a_letter(a_signature(certificate=a_certificate(SENDER)))
    seal = a_seal(certificate=a_certificate("other@gov.vn"))
    report = the_mail(LETTER, letter=other, seals=(seal,))
    assert said(report) == unsure("from.not_in_certificate", why=MISMATCH)


def test_every_letter_has_a_signer_whom_from_names() -> None:
    second = a_part(3, Kind.PDF)
    letters = {
        1: a_letter(a_signature()),
        3: a_letter(a_signature(certificate=a_certificate("other@gov.vn"))),
    }
    report = on_mail(a_survey(TEXT, LETTER, second), SignedMail(), letters)
    assert said(report) == unsure("from.not_in_certificate", why=MISMATCH)


@pytest.mark.parametrize("der", [None, b"", b"0", a_certificate(SENDER)[:-5]])
def test_a_certificate_that_is_none_names_nobody(der: bytes | None) -> None:
    assert (subject(der), addresses(der)) == (None, frozenset())


# What is shown


def test_hostile_names_are_shown_and_never_obeyed() -> None:
    name = "a\x1b[2J\u202egpj.exe\n\u009b" + "x" * 5_000
    evil = a_signature(certificate=a_certificate(common_name="A\u202eB\u200b"))
    letter = a_letter(evil).model_copy(update={"name": name})
    report = on_pdf(letter, 1)
    (file,), (signature,) = report.files, report.signatures
    for text in (file.name, signature.covers, signature.signer or ""):
        assert text.isprintable()
        assert len(text) <= 300


def test_what_it_was_judged_without() -> None:
    report = on_pdf(a_letter(a_signature()), 1)
    assert report.judged_by(anchors=True, revocation=False).revocation_checked is False
    assert report.judged_by(anchors=False, revocation=True).reasons == ("trust.empty",)
    assert on_nothing("file.empty").reasons == ("file.empty",)


BOT = Path(__file__).parent.parent.parent / "bot"
FAMILIES = "certificate|file|from|mail|pdf|revocation|sandbox|sheet|signature|timestamp|trust"
LOOKED_AT = ("signatures/*.py", "inbox/*.py", "sandbox.py", "cli/asked.py", "cli/verify.py")
NO_REASONS = {"trust.roots", "trust.intermediates", "mail.loop", "mail.store"}
AUTOMATIC = re.compile(r"mail\.(automatic|bounce|list|loop|own|vacation)")


@pytest.mark.parametrize("language", ["vi", "en"])
def test_every_code_that_can_occur_has_words_in_both_languages(language: str) -> None:
    sources = "\n".join(file.read_text() for look in LOOKED_AT for file in BOT.glob(look))
    codes = set(re.findall(rf'"((?:{FAMILIES})\.[a-z_]+)"', sources)) - NO_REASONS
    codes = {code for code in codes if not AUTOMATIC.fullmatch(code)}
    codes |= {"bot.fault", *(f"attachment.{kind}" for kind in ("zip", "rar", "encrypted"))}
    words = tomllib.loads((template_folder() / f"verify/{language}.toml").read_text())
    assert codes - words["codes"].keys() == set()
    assert all(texts["says"] and texts["remedy"] for texts in words["codes"].values())
    assert {*map(str, Indication)} == words["verdicts"].keys() == words["meanings"].keys()
