"""A letter is believed as it was signed, whole, or not at all."""

import subprocess
import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyhanko.sign.fields import MDPPerm, SigSeedSubFilter

from bot.signatures import pdf
from bot.signatures.verdict import Indication, SignedFile, SubIndication
from demo import paper
from demo.foreign import ForeignPki, Signer
from tests.signatures import hostile
from tests.signatures.builders import (
    VALUES,
    a_filled_form,
    a_form,
    a_letter,
    crls_of,
    trust_of,
)

EXPECTED = {
    **VALUES,
    "declare_sector": "on",
    "declare_finance": "",
    "notify": "",
    "row_02_full_name": "",
}


@pytest.fixture(scope="session")
def judge(pki: ForeignPki) -> Callable[[bytes], SignedFile]:
    """Pass 2 now, with fresh CRLs."""
    now = datetime.now(UTC)
    crls = crls_of(pki, now)
    trust = trust_of(pki)
    return lambda data: pdf.judge(data, "Công văn.pdf", trust, crls, (), now + timedelta(minutes=5))


def test_the_normal_letter(letter: bytes, judge: Callable[[bytes], SignedFile]) -> None:
    file = judge(letter)
    assert file.faults == ()
    assert [one.field for one in file.passed] == ["leader", "seal"]
    assert file.values == EXPECTED
    assert file.divergent == ()
    assert SignedFile.model_validate_json(file.model_dump_json()) == file


def test_inspection_names_the_signers(letter: bytes, leader: Signer, seal: Signer) -> None:
    seen = pdf.inspect(letter)
    assert [one.certificate for one in seen.signatures] == [leader.der, seal.der]
    assert all(one.intact and one.signing_time for one in seen.signatures)
    assert seen.signatures[1].covers == len(letter)


def test_either_order(leader: Signer, seal: Signer, judge: Callable[[bytes], SignedFile]) -> None:
    file = judge(a_letter(leader=seal, seal=leader))
    assert len(file.passed) == 2
    assert file.values == EXPECTED


def test_pdfsig_agrees_on_the_good_letter(letter: bytes, tmp_path: Path) -> None:
    (tmp_path / "letter.pdf").write_bytes(letter)
    said = subprocess.run(
        ["pdfsig", "-nocert", tmp_path / "letter.pdf"], capture_output=True, text=True, check=True
    ).stdout
    assert said.count("Signature is Valid.") == 2


def test_one_signature_is_enough_to_read_and_says_so(
    leader: Signer, judge: Callable[[bytes], SignedFile]
) -> None:
    file = judge(paper.sign(a_filled_form(), leader, "leader"))
    assert [one.fingerprint for one in file.passed] == [file.signatures[0].fingerprint]
    assert file.values == EXPECTED


@pytest.mark.parametrize("unsigned", [a_form, a_filled_form])
def test_an_unsigned_form_has_no_values(
    unsigned: Callable[[], bytes], judge: Callable[[bytes], SignedFile]
) -> None:
    file = judge(unsigned())
    assert (file.signatures, file.values, file.faults) == ((), {}, ())


@pytest.mark.parametrize(
    "options",
    [
        {"sub_filter": SigSeedSubFilter.ADOBE_PKCS7_DETACHED},
        {"digest": "sha512"},
        {"pss": True},
    ],
)
def test_every_lawful_way_of_signing(
    leader: Signer, judge: Callable[[bytes], SignedFile], options: dict[str, object]
) -> None:
    file = judge(paper.sign(a_filled_form(), leader, "leader", **options))  # type: ignore[arg-type]  # any option
    assert len(file.passed) == 1


@pytest.mark.parametrize("permission", [MDPPerm.FILL_FORMS, MDPPerm.ANNOTATE])
def test_a_certified_letter_may_be_signed_by_others(
    leader: Signer, seal: Signer, judge: Callable[[bytes], SignedFile], permission: MDPPerm
) -> None:
    certified = paper.sign(a_filled_form(), leader, "leader", certify=permission)
    file = judge(paper.sign(certified, seal, "seal", box=(300, 300, 500, 360)))
    assert (len(file.passed), file.values) == (2, EXPECTED)


def test_nothing_follows_who_certifies_that_nothing_changes(
    leader: Signer,
    seal: Signer,
    judge: Callable[[bytes], SignedFile],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    certified = paper.sign(a_filled_form(), leader, "leader", certify=MDPPerm.NO_CHANGES)
    assert judge(certified).values == EXPECTED
    careless = "pyhanko.sign.signers.PdfSigner._enforce_certification_constraints"
    monkeypatch.setattr(careless, lambda *_: None)
    assert "pdf.changed" in judge(paper.sign(certified, seal, "seal")).faults


@pytest.mark.parametrize("curve", [ec.SECP256R1(), ec.SECP384R1()])
def test_elliptic_curves(
    pki: ForeignPki, judge: Callable[[bytes], SignedFile], curve: ec.EllipticCurve
) -> None:
    signer = pki.signer("A", key=ec.generate_private_key(curve))
    assert len(judge(paper.sign(a_filled_form(), signer, "leader")).passed) == 1


def test_values_are_nfc_whatever_was_typed(
    leader: Signer, judge: Callable[[bytes], SignedFile]
) -> None:
    typed = unicodedata.normalize("NFD", VALUES["row_01_full_name"])
    assert typed != VALUES["row_01_full_name"]
    file = judge(paper.sign(a_filled_form(row_01_full_name=typed), leader, "leader"))
    assert file.values == EXPECTED


# The signer


def verdict_of(
    pki: ForeignPki, signer: Signer, moment: datetime | None = None, **options: object
) -> tuple[Indication, SubIndication | None, str]:
    now = datetime.now(UTC)
    signed = paper.sign(a_filled_form(), signer, "leader", **options)  # type: ignore[arg-type]  # any option
    file = pdf.judge(signed, "a.pdf", trust_of(pki), crls_of(pki, now), (), moment or now)
    (signature,) = file.signatures
    assert signature.intact
    assert file.values == ({} if signature.verdict.reasons else EXPECTED)
    verdict = signature.verdict
    return verdict.indication, verdict.sub_indication, " ".join(verdict.reasons)


PASSED = (Indication.TOTAL_PASSED, None, "")


def not_passed(why: SubIndication, reason: str) -> tuple[Indication, SubIndication, str]:
    return Indication.INDETERMINATE, why, reason


EXPIRED = not_passed(SubIndication.OUT_OF_BOUNDS_NO_POE, "certificate.expired")
REVOKED = not_passed(SubIndication.REVOKED_NO_POE, "certificate.revoked")


def test_expired_at_receipt(pki: ForeignPki) -> None:
    now = datetime.now(UTC)
    signer = pki.signer("A", not_after=now - timedelta(minutes=10))
    assert verdict_of(pki, signer) == EXPIRED
    assert verdict_of(pki, signer, now - timedelta(minutes=11)) == PASSED
    assert verdict_of(pki, signer, now - timedelta(minutes=9, seconds=30)) == PASSED  # grace


def test_not_yet_valid_at_receipt(pki: ForeignPki) -> None:
    signer = pki.signer("A", not_before=datetime.now(UTC) + timedelta(hours=1))
    assert verdict_of(pki, signer) == not_passed(
        SubIndication.OUT_OF_BOUNDS_NO_POE, "certificate.not_yet_valid"
    )


def test_revoked_before_and_after_receipt(pki: ForeignPki) -> None:
    now = datetime.now(UTC)
    signer = pki.signer("A")
    pki.revoke(signer.certificate, now - timedelta(minutes=10))
    assert verdict_of(pki, signer) == REVOKED
    assert verdict_of(pki, signer, now - timedelta(minutes=20)) == PASSED


def test_a_stranger(pki: ForeignPki) -> None:
    with ForeignPki() as other:
        stranger = other.signer("A")
    assert verdict_of(pki, stranger) == not_passed(
        SubIndication.NO_CERTIFICATE_CHAIN_FOUND, "certificate.untrusted"
    )


def test_a_certificate_made_by_a_signer(pki: ForeignPki, leader: Signer) -> None:
    with ForeignPki() as forger:
        forger.issuer = leader  # a leaf plays authority
        forged = forger.signer("A")
    assert verdict_of(pki, forged)[:2] != PASSED[:2]


@pytest.mark.parametrize("usage", [["digital_signature"], ["content_commitment"]])
def test_either_key_usage_alone(pki: ForeignPki, usage: list[str]) -> None:
    assert verdict_of(pki, pki.signer("A", usage=usage)) == PASSED


def test_no_fitting_key_usage(pki: ForeignPki) -> None:
    assert verdict_of(pki, pki.signer("A", usage=["key_encipherment"])) == not_passed(
        SubIndication.CHAIN_CONSTRAINTS_FAILURE, "certificate.key_usage"
    )


WEAK = not_passed(SubIndication.CRYPTO_CONSTRAINTS_FAILURE, "signature.weak_algorithm")


@pytest.mark.parametrize("digest", ["sha1", "md5"])
def test_weak_digests(pki: ForeignPki, leader: Signer, digest: str) -> None:
    assert verdict_of(pki, leader, digest=digest) == WEAK


@pytest.mark.parametrize(
    "make",
    [
        lambda: rsa.generate_private_key(65537, 1024),  # noqa: S505 - weak is meant
        lambda: ec.generate_private_key(ec.SECP224R1()),
    ],
)
def test_weak_keys(pki: ForeignPki, make: Callable[[], object]) -> None:
    assert verdict_of(pki, pki.signer("A", key=make())) == WEAK  # type: ignore[arg-type]  # any key


@pytest.mark.parametrize("kept", [0, 1])
def test_status_of_every_certificate_is_required(pki: ForeignPki, letter: bytes, kept: int) -> None:
    now = datetime.now(UTC)
    file = pdf.judge(letter, "a.pdf", trust_of(pki), crls_of(pki, now)[kept : kept + 1], (), now)
    assert {one.verdict.sub_indication for one in file.signatures} == {SubIndication.TRY_LATER}
    assert file.values == {}
    assert len(file.intact) == 2


def test_old_revocation_data_is_none(pki: ForeignPki, letter: bytes) -> None:
    now = datetime.now(UTC)
    old = crls_of(pki, now - timedelta(hours=3))
    file = pdf.judge(letter, "a.pdf", trust_of(pki), old, (), now)
    assert {one.verdict.sub_indication for one in file.signatures} == {SubIndication.TRY_LATER}


def test_a_crl_by_somebody_else_is_none(pki: ForeignPki, letter: bytes) -> None:
    now = datetime.now(UTC)
    with ForeignPki() as other:
        crls = crls_of(other, now)
    file = pdf.judge(letter, "a.pdf", trust_of(pki), crls, (), now)
    assert file.passed == ()


# The file: changed behind the signatures


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (hostile.change_a_value, "pdf.uncovered"),
        (hostile.change_an_appearance, "pdf.changed"),
        (hostile.add_a_second_form, "pdf.changed"),
        (hostile.add_a_field, "pdf.changed"),
        (hostile.repaint_the_page, "pdf.changed"),
        (hostile.add_a_note, "pdf.changed"),
        (hostile.add_a_page, "pdf.changed"),
    ],
)
def test_nothing_may_follow_the_last_signature(
    letter: bytes,
    judge: Callable[[bytes], SignedFile],
    change: hostile.Update,
    fault: str,
) -> None:
    file = judge(hostile.updated(letter, change))
    assert fault in file.faults
    assert "pdf.uncovered" in file.faults
    assert (file.passed, file.values) == ((), {})
    assert len(file.intact) == 2  # it is still known who sent it


def test_an_object_that_nothing_refers_to_changes_nothing(
    letter: bytes, judge: Callable[[bytes], SignedFile]
) -> None:
    file = judge(hostile.updated(letter, hostile.add_an_unreachable_object))
    assert (file.faults, file.values) == ((), EXPECTED)


@pytest.mark.parametrize(
    "change", [hostile.change_a_value, hostile.add_a_second_form, hostile.add_a_field]
)
def test_nothing_may_change_between_the_signatures(
    leader: Signer,
    seal: Signer,
    judge: Callable[[bytes], SignedFile],
    change: hostile.Update,
) -> None:
    once = paper.sign(a_filled_form(), leader, "leader")
    file = judge(paper.sign(hostile.updated(once, change), seal, "seal"))
    assert file.divergent in {("row_01_email",), ("row_02_email",)}
    assert not file.values.keys() & {"row_01_email", "row_02_email"}


def test_a_value_filled_in_between_is_divergent_and_the_others_stand(
    leader: Signer, seal: Signer, judge: Callable[[bytes], SignedFile]
) -> None:
    once = paper.sign(a_filled_form(), leader, "leader")
    file = judge(paper.sign(hostile.updated(once, hostile.change_a_value), seal, "seal"))
    assert (file.faults, file.divergent) == ((), ("row_01_email",))
    assert file.values == {name: EXPECTED[name] for name in EXPECTED if name != "row_01_email"}


@pytest.mark.parametrize(
    "change",
    [
        hostile.change_an_appearance,
        hostile.repaint_the_page,
        hostile.add_a_note,
        hostile.add_a_page,
    ],
)
def test_no_picture_may_change_between_the_signatures(
    leader: Signer,
    seal: Signer,
    judge: Callable[[bytes], SignedFile],
    change: hostile.Update,
) -> None:
    once = paper.sign(a_filled_form(), leader, "leader")
    file = judge(paper.sign(hostile.updated(once, change), seal, "seal"))
    assert file.faults == ("pdf.changed",)
    assert file.values == {}


def test_white_space_may_follow_and_anything_else_not(
    letter: bytes, judge: Callable[[bytes], SignedFile]
) -> None:
    assert judge(letter + b"\r\n\r\n").values == EXPECTED
    assert judge(letter + b"\n% a remark\n").values == {}


def test_bytes_before_the_header(letter: bytes, judge: Callable[[bytes], SignedFile]) -> None:
    assert judge(b"\n" + letter).passed == ()


# The file: made so before signing


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (hostile.with_xfa, "pdf.xfa"),
        (hostile.with_a_script, "pdf.active"),
        (hostile.with_an_unreachable_script, "pdf.active"),
        (hostile.with_a_script_behind_a_reference, "pdf.active"),
        (hostile.with_a_calculation, "pdf.active"),
        (hostile.with_a_launch, "pdf.active"),
        (hostile.with_a_program_inside, "pdf.active"),
    ],
)
def test_what_no_letter_needs(
    leader: Signer,
    judge: Callable[[bytes], SignedFile],
    change: hostile.Change,
    fault: str,
) -> None:
    made = hostile.remade(a_filled_form(), change)
    file = judge(paper.sign(made, leader, "leader"))
    assert file.faults == (fault,)
    assert (file.values, len(file.intact)) == ({}, 1)


@pytest.mark.parametrize(
    ("change", "name"),
    [
        (hostile.with_a_twin, "row_01_email"),
        (hostile.with_a_differing_kid, "row_01_email"),
        (hostile.with_a_box_that_shows_otherwise, "declare_sector"),
        (hostile.with_an_unticked_kid, "declare_sector"),
        (hostile.with_a_kid_of_no_state, "declare_sector"),
        (hostile.with_two_kids, "row_01_email"),
        (hostile.with_radio_buttons, "sector"),
    ],
)
def test_a_field_that_says_two_things_says_nothing(
    leader: Signer,
    judge: Callable[[bytes], SignedFile],
    change: hostile.Change,
    name: str,
) -> None:
    made = hostile.remade(a_filled_form(), change)
    file = judge(paper.sign(made, leader, "leader"))
    assert file.divergent == (name,)
    assert name not in file.values


@pytest.mark.parametrize(
    "change",
    [
        hostile.INVISIBLE,
        hostile.HIDDEN,
        hostile.NO_VIEW,
        hostile.EMPTY_RECT,
        hostile.THIN_RECT,
        hostile.OUTSIDE_RECT,
        hostile.HALF_OUTSIDE_RECT,
        hostile.with_no_rect,
        hostile.with_no_subtype,
        hostile.with_an_optional_layer,
        hostile.with_a_field_on_no_page,
        hostile.with_a_field_on_two_pages,
        hostile.with_a_cropped_page,
        hostile.with_rich_text,
        hostile.with_a_password,
        hostile.with_a_choice_that_shows_otherwise,
    ],
)
def test_a_value_that_no_signer_could_see_is_none(
    leader: Signer, seal: Signer, judge: Callable[[bytes], SignedFile], change: hostile.Change
) -> None:
    made = hostile.remade(a_filled_form(), change)
    file = judge(paper.sign(paper.sign(made, leader, "leader"), seal, "seal"))
    assert (file.faults, file.divergent) == ((), ("row_01_email",))
    assert file.values == {name: EXPECTED[name] for name in EXPECTED if name != "row_01_email"}


def test_an_empty_field_may_stand_anywhere(
    leader: Signer, judge: Callable[[bytes], SignedFile]
) -> None:
    made = hostile.remade(a_filled_form(row_01_email=""), hostile.with_a_field_on_no_page)
    assert judge(paper.sign(made, leader, "leader")).values["row_01_email"] == ""


@pytest.mark.parametrize(
    "change",
    [hostile.with_a_field_that_has_another_name, hostile.with_a_field_that_has_a_long_name],
)
def test_a_name_that_is_none_of_ours_is_never_told(
    leader: Signer, judge: Callable[[bytes], SignedFile], change: hostile.Change
) -> None:
    file = judge(paper.sign(hostile.remade(a_filled_form(), change), leader, "leader"))
    assert (file.faults, file.divergent, file.values) == (("pdf.changed",), (), {})


@pytest.mark.parametrize("name", ["row_02_email", "Mật khẩu: gửi về …" + "x" * 3_000])
def test_a_name_that_nobody_believed_has_signed_is_never_told(
    letter: bytes, judge: Callable[[bytes], SignedFile], name: str
) -> None:
    added = hostile.updated(letter, hostile.add_a_field_named(name))
    with ForeignPki() as other:
        signed = paper.sign(added, other.signer("A"), "stranger")
    for file in (judge(added), judge(signed)):
        assert file.divergent == ()
        assert "pdf.changed" in file.faults
        assert name not in file.model_dump_json()


def test_without_a_believed_signature_no_name_is_told(
    pki: ForeignPki, leader: Signer, judge: Callable[[bytes], SignedFile]
) -> None:
    signed = paper.sign(hostile.remade(a_filled_form(), hostile.with_a_twin), leader, "leader")
    now = datetime.now(UTC)
    later = pdf.judge(signed, "a.pdf", trust_of(pki), (), (), now)
    assert (later.faults, later.divergent, later.values) == ((), (), {})
    assert judge(signed).divergent == ("row_01_email",)


@pytest.mark.parametrize("change", [hostile.with_a_value_behind_a_reference, hostile.with_one_kid])
def test_other_sound_forms(
    leader: Signer, judge: Callable[[bytes], SignedFile], change: hostile.Change
) -> None:
    made = hostile.remade(a_filled_form(), change)
    file = judge(paper.sign(made, leader, "leader"))
    assert (file.faults, file.divergent) == ((), ())
    assert file.values == EXPECTED


@pytest.mark.parametrize(
    "change",
    [
        hostile.with_a_cycle_of_kids,
        hostile.with_a_cycle_of_parents,
        hostile.with_an_orphaned_widget,
        hostile.with_a_value_that_is_no_text,
    ],
)
def test_a_form_that_cannot_be_read(
    judge: Callable[[bytes], SignedFile], change: hostile.Change
) -> None:
    file = judge(hostile.remade(a_filled_form(), change))
    assert file.faults == ("pdf.unreadable",)


def test_miscounted_pages(judge: Callable[[bytes], SignedFile]) -> None:
    made = hostile.miscounted(a_filled_form())
    assert made != a_filled_form()
    assert judge(made).faults == ("pdf.unreadable",)


def test_a_hybrid_file_as_word_writes_it(
    leader: Signer, seal: Signer, judge: Callable[[bytes], SignedFile]
) -> None:
    file = judge(
        paper.sign(paper.sign(hostile.hybrid(a_filled_form()), leader, "leader"), seal, "seal")
    )
    assert (len(file.passed), file.values) == (2, EXPECTED)


def test_a_hybrid_file_in_which_an_object_stands_twice(
    leader: Signer, judge: Callable[[bytes], SignedFile]
) -> None:
    made = hostile.hybrid(a_filled_form(), twice=19)
    assert judge(paper.sign(made, leader, "leader")).faults == ("pdf.unreadable",)


def test_hybrid_behind_the_signatures(letter: bytes, judge: Callable[[bytes], SignedFile]) -> None:
    assert "pdf.changed" in judge(hostile.hybrid(letter)).faults


def test_encrypted(judge: Callable[[bytes], SignedFile]) -> None:
    assert judge(hostile.encrypted(a_filled_form())).faults == ("pdf.encrypted",)


@pytest.mark.parametrize("share", [0.01, 0.3, 0.9, 0.97, 0.999])
def test_truncated(letter: bytes, judge: Callable[[bytes], SignedFile], share: float) -> None:
    file = judge(letter[: int(len(letter) * share)])
    assert len(file.passed) < 2
    assert file.faults == ("pdf.unreadable",) or not file.values


def test_no_pdf_at_all(judge: Callable[[bytes], SignedFile]) -> None:
    assert judge(b"").faults == ("pdf.unreadable",)
    assert judge(b"PK\x03\x04").faults == ("pdf.unreadable",)


def test_too_many_signatures(leader: Signer, judge: Callable[[bytes], SignedFile]) -> None:
    signed = a_filled_form()
    for number in range(9):
        signed = paper.sign(signed, leader, f"signature_{number}")
    assert judge(signed).faults == ("pdf.too_complex",)


# Always


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_no_flipped_byte_leaves_other_values_believed(
    letter: bytes, judge: Callable[[bytes], SignedFile], data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(letter) - 1))
    bit = data.draw(st.integers(0, 7))
    flipped = bytearray(letter)
    flipped[at] ^= 1 << bit
    file = judge(bytes(flipped))
    last_value = range(letter.rindex(b"/Contents <") + 11, letter.rindex(b">\n/ByteRange"))
    assert len(file.passed) < 2 or at in last_value  # padding; nothing covers that itself
    assert file.values.items() <= EXPECTED.items()


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_no_garbage_behind_is_believed_and_none_raises(
    letter: bytes, judge: Callable[[bytes], SignedFile], data: st.DataObject
) -> None:
    cut = data.draw(st.integers(0, len(letter)))
    start = data.draw(st.integers(0, len(letter)))
    file = judge(letter + letter[start : start + cut] + data.draw(st.binary(max_size=30)))
    assert file.values in ({}, EXPECTED)
