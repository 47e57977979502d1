"""Covered or unseen: what is not believed cannot even be said."""

import re
from pathlib import Path

import pytest
from pydantic import ValidationError

import bot
from bot.signatures.verdict import Signature, SignedFile, SubIndication, Verdict

GOOD = Signature(field="a", covers=1, intact=True, certificate=b"x", verdict=Verdict.passed())
BAD = Signature(
    field="a",
    covers=1,
    intact=True,
    certificate=b"x",
    verdict=Verdict.indeterminate(SubIndication.TRY_LATER, "revocation.unavailable"),
)


def test_values_need_a_passed_signature() -> None:
    SignedFile(name="a", sha256="", signatures=(GOOD,), values={"x": "y"})
    with pytest.raises(ValidationError):
        SignedFile(name="a", sha256="", signatures=(BAD,), values={"x": "y"})
    with pytest.raises(ValidationError):
        SignedFile(name="a", sha256="", values={"x": "y"})


def test_a_file_at_fault_has_no_values_and_nothing_passed() -> None:
    with pytest.raises(ValidationError):
        SignedFile(name="a", sha256="", faults=("x",), signatures=(GOOD,), values={"x": "y"})
    assert SignedFile(name="a", sha256="", faults=("x",), signatures=(GOOD,)).passed == ()


def test_a_divergent_value_is_none() -> None:
    with pytest.raises(ValidationError):
        SignedFile(name="a", sha256="", signatures=(GOOD,), values={"x": "y"}, divergent=("x",))


@pytest.mark.parametrize("change", [{"intact": False}, {"certificate": None}])
def test_only_an_intact_signature_passes(change: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Signature(**{**dict(GOOD), **change})


def test_passed_has_no_sub_indication_and_all_else_has() -> None:
    with pytest.raises(ValidationError):
        Verdict(indication="TOTAL-PASSED", sub_indication="TRY_LATER")
    with pytest.raises(ValidationError):
        Verdict(indication="INDETERMINATE")


def test_signed_files_are_made_in_their_room_only() -> None:
    package = Path(bot.__file__).parent
    makers = {
        file.relative_to(package).parts[0]
        for file in package.rglob("*.py")
        if re.search(r"\bSignedFile(\(|\.model_(validate|construct))", file.read_text())
    }
    assert makers == {"signatures"}
