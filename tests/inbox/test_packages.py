"""A package that reads in two ways is not read, and one that explodes neither."""

import io
import zipfile

import pytest

from bot.inbox.workbook_reader import read
from tests.inbox import workbooks as made
from tests.inbox.workbooks import SHEET, XLSX, many, with_parts


def rewritten(data: bytes, where: bytes, offset: int, change: bytes, which: int = 0) -> bytes:
    """`data` with bytes changed behind the mark `where`."""
    place = -1
    for _ in range(which + 1):
        place = data.index(where, place + 1)
    return data[: place + offset] + change + data[place + offset + len(change) :]


def doubled() -> bytes:
    saved = io.BytesIO(made.packed(XLSX))
    with zipfile.ZipFile(saved, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr(SHEET, made.sheet(many(1)))
    return saved.getvalue()


ZIP = made.packed(XLSX)

LOCAL, CENTRAL, END = b"PK\3\4", b"PK\1\2", b"PK\5\6"


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (doubled(), "sheet.ambiguous"),
        (b"%PDF" + ZIP, "sheet.unreadable"),  # begins with something else
        (rewritten(ZIP, END, 20, b"\1\0") + b"x", "sheet.ambiguous"),  # a comment
        (rewritten(ZIP, b"xl/styles.xml", 0, b"xl/stylez.xml"), "sheet.ambiguous"),
        (rewritten(ZIP, LOCAL, 8, b"\0\0", which=3), "sheet.ambiguous"),  # another method
        (rewritten(ZIP, LOCAL, 22, b"\1\0\0\0", which=3), "sheet.ambiguous"),  # another size
        (rewritten(ZIP, LOCAL, 0, b"PK\3\5", which=3), "sheet.unreadable"),
    ],
)
def test_a_package_that_reads_in_two_ways_is_refused(content: bytes, fault: str) -> None:
    assert read(content, "x").faults == (fault,)


def test_entries_of_password_archives_are_encrypted() -> None:
    flags = rewritten(ZIP, LOCAL, 6, b"\1\0", which=3)
    assert read(rewritten(flags, CENTRAL, 8, b"\1\0", which=3), "x").faults == ("sheet.encrypted",)


def test_many_small_parts_are_refused() -> None:
    parts = {f"xl/{number}.xml": "" for number in range(1_000)}
    assert read(with_parts(XLSX, parts), "x").faults == ("sheet.too_complex",)
