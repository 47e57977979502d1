"""Receipt is when a server of ours had the mail; what others wrote counts for nothing."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.inbox.receipt import OLDEST, relayed_at, returned_to, settled
from bot.register.models import Mail
from tests.inbox.door import MAIL, House, talking

RELAY = "mx.ca.example.gov.vn"
AT = datetime(2026, 11, 20, 1, 30, tzinfo=UTC)
DATE = b"Fri, 20 Nov 2026 08:30:00 +0700"
OURS = (
    b"Received: from gw.thpt.edu.vn (gw.thpt.edu.vn [192.0.2.7])\r\n"
    b"\tby mx.ca.example.gov.vn (Postfix) with ESMTPS id 4Xy\r\n"
    b"\tfor <hoso@ca.example.gov.vn>; " + DATE + b" (ICT)\r\n"
)
THEIRS = b"Received: from a by b; Thu, 19 Nov 2026 08:30:00 +0700\r\n"
FORGED = OURS.replace(b"20 Nov", b"19 Nov")


@pytest.mark.parametrize(
    ("head", "at"),
    [
        (OURS, AT),
        (OURS + FORGED, AT),
        (b"Return-Path: <a@b.vn>\r\nX-Spam: no\r\n folded\r\n" + OURS + THEIRS, AT),
        (OURS.replace(b"\r\n", b"\n"), AT),
        (OURS.replace(b"mx.ca", b"MX.CA"), AT),
        (OURS.replace(b"+0700", b"-0000"), AT + timedelta(hours=7)),
        (THEIRS + OURS, None),  # ours was not the last to have it
        (b"", None),
        (b"Subject: x\r\n\r\n" + OURS, None),  # in the body
        (b"X-Received: x\r\n" + OURS.replace(b"Received", b"X-Received"), None),
        (OURS.replace(b"by mx", b"by amx"), None),
        (OURS.replace(b"mx.ca", b"mx.ca.evil"), None),
        (OURS.replace(b"by mx.ca.example.gov.vn", b"(by mx.ca.example.gov.vn)"), None),
        (OURS.replace(b"from gw", b"from by mx.ca.example.gov.vn from gw"), AT),
        (OURS.replace(DATE, b"yesterday"), None),
        (OURS.replace(DATE, b"Fri, 20 Nov 99999 08:30:00 +0700"), None),
        (OURS.replace(b"Postfix", b"x" * 5_000), None),
    ],
)
def test_only_the_topmost_received_of_our_own_mta_counts(head: bytes, at: datetime | None) -> None:
    assert relayed_at(head + MAIL, RELAY) == at


def test_without_an_mta_of_ours_none_counts() -> None:
    assert relayed_at(OURS + MAIL, "") is None
    assert relayed_at(b"Received: by ; " + DATE + b"\r\n\r\n", "") is None


@given(st.binary(max_size=300), st.binary(max_size=60))
def test_any_bytes_are_read(anything: bytes, date: bytes) -> None:
    for raw in (anything, b"Received: " + anything, OURS.replace(DATE, date)):
        at = relayed_at(raw, RELAY)
        assert at is None or at.utcoffset() == timedelta(0)
        assert isinstance(returned_to(b"Return-Path:" + raw), str)


@given(st.datetimes(timezones=st.just(UTC)))
def test_receipt_is_never_to_come_and_never_long_ago(claimed: datetime) -> None:
    now = AT
    at = settled(claimed, now)
    assert at in (claimed, now)
    assert now - OLDEST <= at <= now
    assert settled(None, now) == now
    assert settled(now - OLDEST, now) == now - OLDEST


@pytest.mark.parametrize(
    ("head", "sender"),
    [
        (b"Return-Path: <vanthu@thpt.edu.vn>\r\n", "vanthu@thpt.edu.vn"),
        (b"return-path:<>\r\n", ""),
        (b"", ""),
        (b"Return-Path: <\xff>\r\n", "\ufffd"),
    ],
)
def test_who_sent_it_is_what_the_delivering_server_kept(head: bytes, sender: str) -> None:
    assert returned_to(head + MAIL) == sender


async def test_a_mail_that_our_mta_queued_was_received_when_it_came_there(house: House) -> None:
    """The tests' clock stands at 23 November."""
    raws = {AT: OURS + MAIL, house.now: FORGED.replace(b"2026", b"2027") + MAIL + b"x\r\n"}
    async with house.door(relay=RELAY) as door, talking(door.port) as talk:
        for raw in raws.values():
            assert (await talk.data(raw)).code == 250
    assert {mail.received_at async for mail in Mail.all()} == set(raws)
