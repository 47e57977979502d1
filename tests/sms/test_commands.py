import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sms.commands import Command, Start, Stop, Track, read

NUMBER = "HS-2026-000123"


@pytest.mark.parametrize(
    "text",
    [
        "TRACUU HS-2026-000123",
        "tracuu hs-2026-000123",
        "Tra cứu HS-2026-000123",
        unicodedata.normalize("NFD", "tra cứu hồ sơ hs 2026 000123."),
        "TRACUU HS2026000123",
        "TRACUU 2026-123",
        "TRACUU: HS_2026_000123",
        "  TRACUU\n\tHS–2026–000123  ",
        "TRA\u200bCUU HS-2026-000123",
        "ＴＲＡＣＵＵ ＨＳ－２０２６－０００１２３",
    ],
)
def test_a_dossier_is_asked_for_in_many_ways(text: str) -> None:
    assert read(text) == Track(NUMBER)


@pytest.mark.parametrize(
    "text",
    [
        "", "TRACUU", "TRACUU HS-2026", "HS-2026-000123", "TRACUU HS-26-000123",
        "TRACUU HS-2026-000123 và HS-2026-000124", "xin TRACUU HS-2026-000123",
        "STOP please", "không STOP", "stopp", "TRACUU HS-٢٠٢٦-000123",
    ],
)  # fmt: skip
def test_anything_else_is_no_command(text: str) -> None:
    assert read(text) is None


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("STOP", Stop()), (" stop. ", Stop()), ("Từ chối", Stop()), ("tu choi", Stop()),
        ("TC", Stop()), ("unsubscribe", Stop()), ("START", Start()), ("Đồng ý!", Start()),
    ],
)  # fmt: skip
def test_a_phone_is_left_alone_and_comes_back(text: str, command: Command) -> None:
    assert read(text) == command


@given(st.text(max_size=200))
def test_whatever_is_written_is_a_command_or_none(text: str) -> None:
    command = read(text)
    assert command is None or isinstance(command, Track | Stop | Start)


@given(st.integers(1000, 9999), st.integers(1, 10**7), st.sampled_from(["-", " ", "", "–", ". "]))
def test_every_number_is_read_as_the_register_writes_it(year: int, count: int, gap: str) -> None:
    number = f"HS-{year}-{count:06}"
    assert read(f"Tra cứu {number.replace('-', gap).lower()}") == Track(number)


@pytest.mark.timeout(5)
@given(st.text(alphabet="TRACUHS0- .", max_size=1600))
def test_no_text_keeps_it_busy(text: str) -> None:
    read(f"TRACUU{text}")
