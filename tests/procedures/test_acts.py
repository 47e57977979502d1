"""Hostile proposals: what cannot be shown, kept or done is read as none."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.procedures.power import acts
from bot.procedures.power.acts import ContentUnreadable, Pausing
from bot.procedures.power.layout import laid_out
from tests.procedures.governors import an_agency, der

FAR = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)  # RFC 5280 4.1.2.5: no well-defined end
WATCHER: dict[str, Any] = {"name": "Bà Chi", "mailbox": "chi@ca.example.gov.vn", "role": "watch"}


def proposing(act: str, stored: object) -> str:
    return f"ĐỀ NGHỊ {act}\n\n{json.dumps(stored)}\n-- \nTrân trọng"


@pytest.mark.parametrize(
    "changes",
    [
        {"until": "9999-12-31T23:59:59Z"},
        {"since": "0001-01-01T00:00:00+14:00"},
        {"until": 20300101},
        {"until": "2030-01-01T00:00:00"},
        {"name": "Bà \ud800Chi"},
        {"name": "Bà\u0000Chi"},
        {"name": "Bà \u202eChi"},
        {"name": "C" * 256},
        {"mailbox": '"bà chi"@ca.example.gov.vn'},
        {"\ud800": ""},
        {"role": ["watch"] * 9_999},
        {"certificate": {"der": 1}},
    ],
)
def test_what_can_be_no_officer(changes: dict[str, Any]) -> None:
    acts.read(proposing("officer", WATCHER))
    with pytest.raises(ContentUnreadable):
        acts.read(proposing("officer", WATCHER | changes))


@pytest.mark.parametrize("hidden", ["\x00", "\u202e", "\u200b", "\u3164"])
def test_a_certificate_whose_name_hides_something(hidden: str) -> None:
    with pytest.raises(ValueError, match="no certificate"):
        an_agency(leaders=[der(f"Ông {hidden}An")])


def test_a_certificate_without_end() -> None:
    with pytest.raises(ValueError, match="no certificate"):
        an_agency(seals=[der("Con dấu", FAR)])


def test_endless_lists() -> None:
    with pytest.raises(ValueError, match="at most"):
        an_agency(workplaces=["Tổ Toán"] * 501)


@pytest.mark.parametrize(
    "below",
    ["[" * 99_999, '{"a":' * 40_000, '{"task": ' + "9" * 99_999, '{"task": NaN}', "{} {}", '"', ""],
)
def test_what_is_no_json_of_an_act(below: str) -> None:
    with pytest.raises(ContentUnreadable):
        acts.read(f"ĐỀ NGHỊ resume\n{below}")


def test_only_what_stands_right_below_the_line_is_proposed() -> None:
    asked = '{"queue": "ca"}'
    for text in (f"ĐỀ NGHỊ pause\n{asked}", f"\ufeff\r\n\r\nĐỀ NGHỊ pause\r\n\r\n {asked}\r\n> {{"):
        assert acts.read(text) == Pausing(queue="ca")
    for text in (
        f"ĐỀ NGHỊ pause\n> {asked}",
        f"ĐỀ NGHỊ pause: {asked}",
        f"ĐỀ NGHỊ pause\nxin\n{asked}",
    ):
        with pytest.raises(ContentUnreadable):
            acts.read(text)


async def test_what_is_laid_out_can_be_shown() -> None:
    facts = await laid_out(an_agency(name="Trường <b>THPT</b>\r\nBcc: ai@gmail.com"))
    assert all("\n" not in fact.value for fact in facts)
