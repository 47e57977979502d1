"""Signed mails (RFC 8551, RFC 1847), in two passes like files. Runs in the sandbox; never fetches.

Every layer of signatures is found in the tree that `mime.survey` numbers its
parts by, and what it covers is read from the very bytes that are verified.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from bot.inbox import entity, mime, workbook_reader
from bot.inbox.ambiguity import is_ambiguous
from bot.inbox.entity import Entity
from bot.inbox.mime import Kind
from bot.inbox.workbook import Workbook
from bot.signatures.cms import DATA, Claim, claims, signed_data
from bot.signatures.said import decoded, first_text
from bot.signatures.signer import Grounds, Purpose
from bot.signatures.status import Statuses
from bot.signatures.timestamp import brought, judge_timed
from bot.signatures.trust import LAWFUL, Policy, TrustStore
from bot.signatures.verdict import (
    Leaf,
    MailFound,
    MailInspection,
    MailSignature,
    SignedMail,
    SubIndication,
    SurveyedMail,
    Verdict,
)

SIGNATURES_LIMIT = 16  # of one mail
WORKBOOKS_LIMIT = 10
SIGNATURE_TYPES = {"application/pkcs7-signature", "application/x-pkcs7-signature"}
SHEETS = {Kind.XLSX, Kind.XLS, Kind.ODS}
_UNREADABLE = Verdict.indeterminate(SubIndication.GENERIC, "signature.unreadable")


def survey(raw: bytes, policy: Policy = LAWFUL) -> SurveyedMail:
    """`mime.survey`, and pass 1 at once where there is anything to look into."""
    seen = mime.survey(raw)
    inspection = inspect(raw, policy) if seen.is_protected else MailInspection()
    return SurveyedMail(survey=seen, inspection=inspection)


def leaf(raw: bytes, index: int) -> Leaf:
    """The part that `mime.survey` numbered `index`."""
    return Leaf(content=mime.part(raw, index))


def inspect(raw: bytes, policy: Policy = LAWFUL) -> MailInspection:
    """Pass 1: every signature of the mail, and what is wrong with the mail as such."""
    mail = _read(raw, policy)
    return MailInspection(
        faults=mail.faults, signatures=tuple(signature.found for signature in mail.signatures)
    )


def judge(
    raw: bytes,
    trusted: tuple[Sequence[bytes], Sequence[bytes]],
    crls: Sequence[bytes],
    ocsps: Sequence[bytes],
    moment: datetime,
    policy: Policy = LAWFUL,
) -> SignedMail:
    """Pass 2: the mail with every verdict as of `moment`, and the sheets and text it covers."""
    mail = _read(raw, policy)
    grounds = Grounds(TrustStore.from_der(*trusted), Statuses(crls, ocsps), policy)
    signatures = tuple(_judged(signature, grounds, moment) for signature in mail.signatures)
    judged = SignedMail(faults=mail.faults, signatures=signatures)
    covered = {part for signature in judged.passed for part in signature.parts}
    return SignedMail(
        faults=mail.faults,
        signatures=signatures,
        workbooks=_workbooks(mail.leaves, covered),
        said=_said(mail, judged.passed),
    )


@dataclass(frozen=True)
class _Signature:
    found: MailFound
    claim: Claim | None


@dataclass(frozen=True)
class _Mail:
    leaves: Sequence[Entity] = ()
    faults: tuple[str, ...] = ()
    signatures: tuple[_Signature, ...] = ()
    content: Entity | None = None  # within all that signs the whole


def _judged(signature: _Signature, grounds: Grounds, moment: datetime) -> MailSignature:
    claim = signature.claim
    if claim is None:
        return MailSignature(**dict(signature.found), verdict=_UNREADABLE)
    verdict, proven_at = judge_timed(claim, Purpose.MAIL, grounds, moment)
    return MailSignature(**dict(signature.found), verdict=verdict, proven_at=proven_at)


def _read(raw: bytes, policy: Policy) -> _Mail:
    try:
        root = entity.read(raw)
        leaves = list(root.leaves())
        found = islice(_signatures(root, leaves, policy), SIGNATURES_LIMIT + 1)
        signatures = tuple(found)
    except MemoryError:
        raise
    except Exception:  # as in `mime.survey`
        return _Mail(faults=("mail.unreadable",))
    content = root
    while _is_layer(content):
        content = content.children[0]
    faults = tuple(_faults(root, content, len(signatures)))
    return _Mail(leaves, faults, signatures[:SIGNATURES_LIMIT], content)


def _faults(root: Entity, content: Entity, signatures: int) -> Iterator[str]:
    if signatures > SIGNATURES_LIMIT:
        yield "mail.too_complex"
    if _is_layer(root) and is_ambiguous(root):
        yield "mail.ambiguous"
    if mime.is_encrypted_mail(content):
        yield "mail.encrypted"


def _signatures(root: Entity, leaves: Sequence[Entity], policy: Policy) -> Iterator[_Signature]:
    """Of every layer, each SignerInfo; the outermost layer first."""
    looked_at = enumerate(leaves[: entity.PARTS_LIMIT])
    numbers = {id(leaf): index for index, leaf in looked_at if not leaf.is_cut}
    whole = root
    for layer in root.walk():
        if not (layer.is_clear_signed or layer.is_opaque):
            continue
        is_root = layer is whole and _is_layer(layer)
        if is_root:
            whole = layer.children[0]  # what it signs may be signed itself, just as wholly
        for claim in _claims(layer, policy):
            yield _Signature(_found(layer, claim, numbers, is_root=is_root), claim)


def _is_layer(layer: Entity) -> bool:
    """Whether it is nothing but signed content and its signature."""
    if layer.is_opaque:
        return True
    return (
        layer.is_clear_signed
        and len(layer.children) == 2
        and signed_data(layer.children[1].content) is not None
    )


def _claims(layer: Entity, policy: Policy) -> Sequence[Claim | None]:
    """None: there should be a signature, and it cannot be read."""
    covered = layer.children[0]
    value = layer if layer.is_opaque else layer.children[1]
    try:
        signed = signed_data(value.content)
        if signed is None:
            return [None] if value.type in SIGNATURE_TYPES else []
        contents = None if layer.is_opaque else _ways(covered.raw)
        found = claims(signed, contents, DATA, unattributed=policy.unattributed)
        return list(islice(found, SIGNATURES_LIMIT + 1))
    except MemoryError:
        raise
    except Exception:  # asn1crypto may raise anything
        return [None]


def _ways(raw: bytes) -> Sequence[bytes]:
    """As it came, and in canonical form (RFC 8551 section 3.1.1), where some program changed it."""
    if raw.count(b"\n") == raw.count(b"\r\n"):
        return [raw]
    return [raw, _canonical(raw)]


def _canonical(text: bytes) -> bytes:
    """Its lone line feeds made line ends."""
    return text.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def _found(
    layer: Entity, claim: Claim | None, numbers: Mapping[int, int], *, is_root: bool
) -> MailFound:
    covered = layer.children[0]
    if claim is None:
        return MailFound(field=layer.place, covers=0, intact=False, is_root=is_root)
    is_intact = claim.wrong is None
    leaves = _covered(covered, claim.content) if is_intact else ()
    return MailFound(
        field=layer.place,
        covers=len(claim.content) if is_intact else len(covered.raw),
        intact=is_intact,
        certificate=claim.certificate,
        signing_time=claim.signing_time,
        parts=tuple(numbers[id(leaf)] for leaf in leaves if id(leaf) in numbers),
        is_root=is_root,
        **brought(claim),
    )


def _covered(within: Entity, signed: bytes) -> Iterator[Entity]:
    """The leaves of `within` that are in `signed` just as they came.

    Those in canonical form may differ: a file between lone line feeds was signed with
    other bytes than it has, and is not covered. Lines of text may end in either way.
    """
    own = list(within.leaves())
    if signed == within.raw:
        yield from own
        return
    theirs = list(entity.read(signed).leaves())
    for mine, one in zip(own, theirs, strict=True) if len(own) == len(theirs) else ():
        is_text = mime.describe(0, mine).kind is Kind.TEXT and one.type == mine.type
        if mine.content == one.content or (is_text and _canonical(mine.content) == one.content):
            yield mine


def _workbooks(leaves: Sequence[Entity], covered: set[int]) -> dict[int, Workbook]:
    parts = [mime.describe(index, leaves[index]) for index in sorted(covered)]
    sheets = islice((part for part in parts if part.kind in SHEETS), WORKBOOKS_LIMIT)
    return {
        part.index: workbook_reader.read(leaves[part.index].content, part.filename)
        for part in sheets
    }


def _said(mail: _Mail, passed: Sequence[MailSignature]) -> str:
    """What each of those who have signed says: they all cover the same text."""
    text = first_text(mail.content) if mail.content and passed else None
    if text is None:
        return ""
    number = next(index for index, leaf in enumerate(mail.leaves) if leaf is text)
    return decoded(text) if all(number in one.parts for one in passed) else ""
