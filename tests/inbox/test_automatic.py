"""Machines are known as such, people are not taken for any: one file a case.

`automatic/<reason>/*.eml`: what comes after `mail.` in the code; `person`: no reason.
"""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.inbox.automatic import BOUNCE, LIST, without_sender
from bot.inbox.mime import survey

CASES = sorted((Path(__file__).parent / "automatic").rglob("*.eml"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}/{case.stem}")
def test_a_mail_is_taken_for_what_it_is(case: Path) -> None:
    expected = "" if case.parent.name == "person" else f"mail.{case.parent.name}"
    for raw in (case.read_bytes(), case.read_bytes().replace(b"\n", b"\r\n")):
        seen = survey(raw)
        assert seen.readable
        assert seen.automatic == expected


def test_the_null_sender_is_a_bounce_whatever_the_mail_says() -> None:
    assert without_sender("", "") == BOUNCE
    assert without_sender("", "vanthu@thptcva.edu.vn") == ""
    assert without_sender(LIST, "") == LIST


@pytest.mark.parametrize(
    "raw",
    [
        b"Subject: x\r\n\r\n" + b"The following address failed: " * 200_000,
        b"Subject: x\r\n\r\n" + b"This message was created automatically by mail\n" * 9_999,
        b"Subject: x\r\n\r\nYour message\n" + b" a@" * 300_000,
        b"From: " + b"no-" * 3_000 + b"@x.vn\r\nX-Auto-Response-Suppress: " + b"(" * 9_000,
        b"Content-Type: text/calendar; method*0*=x''%ff; method=REPLY\r\n\r\nx",
        b"Content-Type: multipart/report; report-type*=x\r\n\r\nx",
    ],
    ids=["one line", "no end", "no address", "headers", "calendar", "report"],
)
def test_what_is_bent_to_take_long_does_not(raw: bytes) -> None:
    assert survey(raw).readable


@given(st.binary(max_size=300))
def test_any_bytes_have_an_answer(noise: bytes) -> None:
    assert survey(b"Auto-Submitted: auto-replied\r\nX: " + noise).readable


def test_nothing_of_a_mail_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """The search for bounces would tell of its troubles in full."""
    with caplog.at_level(0):
        survey(b"Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n\r\nPersonal\r\n--a--")
    assert caplog.text == ""
