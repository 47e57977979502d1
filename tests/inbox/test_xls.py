"""An .xls is read from its records, or refused with the reason."""

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.inbox import tables
from bot.inbox.workbook_reader import read
from tests.inbox import workbooks as made
from tests.inbox.workbooks import lines

XLS_FAULTS = {
    "formula": ("sheet.formula", made.an_xls(made.xls_stream(made.formula_cell(3, 2)))),
    "macros": ("sheet.macros", made.an_xls(storages=["_VBA_PROJECT_CUR"])),
    "macro sheet": ("sheet.macros", made.an_xls(made.xls_stream(kind=1))),
    "object": ("sheet.embedded", made.an_xls(storages=["MBD0001"])),
    "password": (
        "sheet.encrypted",
        made.an_xls(made.xls_stream(extra=made.record(0x2F, bytes(6)))),
    ),
    "encrypted package": ("sheet.encrypted", made.compound({"EncryptedPackage": bytes(5_000)})),
    "external": (
        "sheet.external",
        made.an_xls(made.xls_stream(extra=made.record(0x1AE, struct.pack("<HH", 1, 7)))),
    ),
    "too many rows": (
        "sheet.too_large",
        made.an_xls(
            made.xls_stream(
                b"".join(made.number_cell(n, 0, 1) for n in range(tables.LINES_LIMIT + 1))
            )
        ),
    ),
    "a look that shows nothing": (
        "sheet.covered",
        made.an_xls(made.xls_stream(made.number_cell(0, 0, 1, style=3))),
    ),
    "of 1995": ("sheet.unsupported", made.compound({"Book": made.xls_stream()})),
    "strings that are not there": (
        "sheet.unreadable",
        made.an_xls(made.xls_stream(strings=made.record(0xFC, b"\1\0\0\0" * 2))),
    ),
    "endless strings": (
        "sheet.too_complex",
        made.an_xls(made.xls_stream(strings=made.record(0xFC, b"\xff" * 8))),
    ),
    "too far right": (
        "sheet.too_large",
        made.an_xls(made.xls_stream(made.number_cell(0, 255, 1))),
    ),
    "a cell twice": (
        "sheet.ambiguous",
        made.an_xls(made.xls_stream(made.number_cell(0, 0, 1) * 2)),
    ),
    "two books": (
        "sheet.ambiguous",
        made.compound({"Workbook": made.xls_stream(), "Book": made.xls_stream()}),
    ),
    "no end": ("sheet.unreadable", made.an_xls(made.xls_stream()[:-40])),
    "cut off": ("sheet.unreadable", made.an_xls()[:1_500]),
}


@pytest.mark.parametrize("what", XLS_FAULTS)
def test_an_xls_is_refused_with_the_reason(what: str) -> None:
    fault, content = XLS_FAULTS[what]
    assert read(content, "x").faults == (fault,)


def test_an_xls_tells_what_it_hides() -> None:
    hidden = made.row(1, hidden=True) + made.column_look(1, 255, hidden=True)
    (page,) = read(made.an_xls(made.xls_stream(hidden + made.XLS_CELLS, state=2)), "x").sheets
    assert (page.hidden, page.hidden_columns) == (True, (1, 2))
    assert [line.hidden for line in page.lines] == [False, True]


def xls_cells(cells: bytes, extra: bytes = b"", strings: bytes = made.STRINGS) -> tuple[str, ...]:
    (line,) = lines(read(made.an_xls(made.xls_stream(cells, extra, strings=strings)), "x"))
    return line


def test_an_xls_says_its_values() -> None:
    head = struct.pack("<3H", 0, 0, 0)
    text = "Ánh".encode("utf-16-le")
    assert xls_cells(made.record(0x204, head + b"\3\0\1" + text)) == ("Ánh",)
    assert xls_cells(made.record(0xD6, head + b"\3\0\0" + b"Anh" + bytes(6))) == ("Anh",)
    assert xls_cells(made.number_cell(0, 0, 912345678, style=2)) == ("0912345678",)
    assert xls_cells(made.record(0x205, head + b"\1\0")) == ("TRUE",)
    assert xls_cells(made.record(0x205, head + b"\x2a\1")) == ("#N/A",)
    numbers = (made.rk(31295), made.rk(-150, hundredths=True), 0x3FF00000)
    for number, shown in zip(numbers, ("31295", "-1.5", "1"), strict=True):
        assert xls_cells(made.record(0x27E, head + struct.pack("<I", number))) == (shown,)
    row = struct.pack("<HH", 0, 1) + b"".join(struct.pack("<HI", 1, one) for one in numbers[:1] * 2)
    assert xls_cells(made.record(0xBD, row + struct.pack("<H", 2))) == (
        "",
        "05/09/1985",
        "05/09/1985",
    )
    days = made.record(0x22, struct.pack("<H", 1))
    assert xls_cells(made.number_cell(0, 0, 31295, style=1), extra=days) == ("06/09/1989",)


@pytest.mark.parametrize("width", [1, 0])
def test_shared_strings_go_on_in_the_next_record(width: int) -> None:
    """Where a string is cut, the next record says anew how wide its letters are."""
    first = struct.pack("<II", 1, 1) + struct.pack("<HB", 6, 1) + "Trầ".encode("utf-16-le")
    rest = " An".encode("utf-16-le" if width else "latin-1")
    table = made.record(0xFC, first) + made.record(0x3C, bytes([width]) + rest)
    assert xls_cells(made.text_cell(0, 0, 0), strings=table) == ("Trầ An",)


def test_what_shared_strings_look_like_is_left_out() -> None:
    rich = struct.pack("<HBHI", 2, 0x0C, 1, 3) + b"An" + bytes(4) + bytes(3)
    plain = struct.pack("<HB", 2, 0) + b"Ba"
    table = made.record(0xFC, struct.pack("<II", 2, 2) + rich + plain)
    assert xls_cells(made.text_cell(0, 0, 1), strings=table) == ("Ba",)


def test_an_xls_names_its_formulas() -> None:
    assert read(XLS_FAULTS["formula"][1], "x").formulas == ("Sheet!C4",)


STORED = made.xls_stream()


@settings(max_examples=150, deadline=None)
@given(st.integers(0, len(STORED) - 1), st.binary(min_size=1, max_size=4))
def test_any_records_are_read_or_refused(place: int, changed: bytes) -> None:
    stream = STORED[:place] + changed + STORED[place + len(changed) :]
    read(made.an_xls(stream), "x")
