"""Valid workbooks, written by hand so that tests can make one change each."""

import io
import struct
import zipfile
from collections.abc import Mapping, Sequence

from bot.inbox.workbook import Workbook
from bot.inbox.workbook_reader import read

Parts = Mapping[str, str | bytes]

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
SHEET = "xl/worksheets/sheet1.xml"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"

ROWS = (
    '<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="inlineStr"><is><t>Ngày</t></is></c></row>'
    '<row r="2"><c r="A2" t="s"><v>1</v></c><c r="B2" s="1"><v>31295</v></c>'
    '<c r="C2"><v>912345678.0</v></c></row>'
)


def sheet(rows: str = ROWS, before: str = "", after: str = "") -> str:
    return (
        f'<worksheet xmlns="{MAIN}" xmlns:r="{OFFICE}">{before}'
        f"<sheetData>{rows}</sheetData>{after}</worksheet>"
    )


def relations(*entries: str) -> str:
    return f'<Relationships xmlns="{PACKAGE}/relationships">{"".join(entries)}</Relationships>'


def relation(name: str, kind: str, target: str, mode: str = "Internal") -> str:
    return (
        f'<Relationship Id="{name}" Type="{OFFICE}/{kind}" Target="{target}" TargetMode="{mode}"/>'
    )


def workbook(*sheets: str, before: str = "") -> str:
    entries = sheets or ('<sheet name="Danh sách" sheetId="1" r:id="rId1"/>',)
    return (
        f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}">{before}'
        f"<sheets>{''.join(entries)}</sheets></workbook>"
    )


CONTENT_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.{}+xml"

XLSX: Parts = {
    "[Content_Types].xml": (
        f'<Types xmlns="{PACKAGE}/content-types"><Default Extension="xml" '
        f'ContentType="application/xml"/><Override PartName="/xl/workbook.xml" '
        f'ContentType="{CONTENT_TYPE.format("sheet.main")}"/></Types>'
    ),
    "_rels/.rels": relations(relation("rId1", "officeDocument", "xl/workbook.xml")),
    "xl/workbook.xml": workbook(),
    "xl/_rels/workbook.xml.rels": relations(
        relation("rId1", "worksheet", "worksheets/sheet1.xml"),
        relation("rId2", "sharedStrings", "sharedStrings.xml"),
        relation("rId3", "styles", "/xl/styles.xml"),
    ),
    "xl/sharedStrings.xml": (
        f'<sst xmlns="{MAIN}"><si><t>Họ và tên</t></si>'
        '<si><r><t xml:space="preserve">Nguyễn </t></r>'
        "<r><t>Thị Ánh</t></r><rPh><t>nhắc</t></rPh></si></sst>"
    ),
    "xl/styles.xml": (
        f'<styleSheet xmlns="{MAIN}"><numFmts><numFmt numFmtId="164" formatCode="dd/mm/yyyy"/>'
        '<numFmt numFmtId="165" formatCode="0000000000"/>'
        '<numFmt numFmtId="166" formatCode=";;;"/>'
        '<numFmt numFmtId="167" formatCode="mm/dd/yyyy"/></numFmts>'
        '<cellXfs><xf numFmtId="0"/><xf numFmtId="164"/><xf numFmtId="165"/>'
        '<xf numFmtId="166"/><xf numFmtId="167"/></cellXfs></styleSheet>'
    ),
    SHEET: sheet(),
}

TABLE = (
    '<table:table table:name="Danh sách"><table:table-column table:number-columns-repeated="3"/>'
    '<table:table-row><table:table-cell office:value-type="string"><text:p>Họ và tên</text:p>'
    '</table:table-cell><table:table-cell office:value-type="string"><text:p>Ngày</text:p>'
    "</table:table-cell></table:table-row>"
    '<table:table-row><table:table-cell office:value-type="string"><text:p>Nguyễn<text:s/>'
    "<text:span>Thị</text:span> Ánh</text:p><office:annotation><text:p>ghi chú</text:p>"
    '</office:annotation></table:table-cell><table:table-cell office:value-type="date" '
    'office:date-value="1985-09-05"><text:p>05/09/1985</text:p></table:table-cell>'
    '<table:table-cell office:value-type="float" office:value="912345678">'
    "<text:p>0912345678</text:p></table:table-cell></table:table-row>"
    '<table:table-row table:number-rows-repeated="1048574"><table:table-cell '
    'table:number-columns-repeated="16384"/></table:table-row></table:table>'
)
_ODF = "urn:oasis:names:tc:opendocument:xmlns"


def content(table: str = TABLE, before: str = "", styles: str = "") -> str:
    names = ("office", "table", "text", "style", "script")
    spaces = " ".join(f'xmlns:{name}="{_ODF}:{name}:1.0"' for name in names)
    return (
        f"<office:document-content {spaces}><office:automatic-styles>{styles}"
        f"</office:automatic-styles><office:body><office:spreadsheet>{before}{table}"
        "</office:spreadsheet></office:body></office:document-content>"
    )


ODS: Parts = {
    "mimetype": "application/vnd.oasis.opendocument.spreadsheet",
    "META-INF/manifest.xml": f'<manifest:manifest xmlns:manifest="{_ODF}:manifest:1.0"/>',
    "content.xml": content(),
}


def packed(parts: Parts) -> bytes:
    """A package of `parts`, deflated."""
    with zipfile.ZipFile(saved := io.BytesIO(), "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return saved.getvalue()


def with_parts(parts: Parts, changes: Parts) -> bytes:
    return packed({**parts, **changes})


# .xls: records of [MS-XLS] in a compound file of [MS-CFB]


def record(kind: int, data: bytes = b"") -> bytes:
    return struct.pack("<HH", kind, len(data)) + data


def text_cell(row: int, column: int, index: int) -> bytes:
    return record(0xFD, struct.pack("<3HI", row, column, 0, index))


def number_cell(row: int, column: int, value: float, style: int = 0) -> bytes:
    return record(0x203, struct.pack("<3Hd", row, column, style, value))


def formula_cell(row: int, column: int) -> bytes:
    return record(0x06, struct.pack("<3Hd", row, column, 0, 2.0) + bytes(6) + b"\x03\0\x1e\x02\0")


def row(number: int, *, hidden: bool = False) -> bytes:
    flags = 0x20 if hidden else 0
    return record(0x208, struct.pack("<8H", number, 0, 3, 255, 0, 0, 0x100 | flags, 15))


def column_look(first: int, last: int, *, hidden: bool = False) -> bytes:
    return record(0x7D, struct.pack("<6H", first, last, 2560, 0, int(hidden), 0))


_STRINGS = ("Họ và tên", "Ngày", "Nguyễn Thị Ánh")
XLS_CELLS = (
    text_cell(0, 0, 0)
    + text_cell(0, 1, 1)
    + text_cell(1, 0, 2)
    + number_cell(1, 1, 31295, style=1)
    + number_cell(1, 2, 912345678)
)


def rk(number: int, *, hundredths: bool = False) -> int:
    """An integer of 30 bits."""
    return (number << 2) & 0xFFFFFFFF | 2 | hundredths


def _string(text: str) -> bytes:
    return struct.pack("<HB", len(text), 1) + text.encode("utf-16-le")


STRINGS = record(0xFC, struct.pack("<II", 3, 3) + b"".join(map(_string, _STRINGS)))


def xls_stream(
    cells: bytes = XLS_CELLS,
    extra: bytes = b"",
    state: int = 0,
    kind: int = 0,
    strings: bytes = STRINGS,
) -> bytes:
    """`extra` are more records before all sheets; `state` and `kind` are the sheet's."""
    name = b"\x05\0Sheet"
    forms = (0, 14, 164, 165)
    styles = record(0x41E, struct.pack("<H", 164) + _string("0000000000"))
    styles += record(0x41E, struct.pack("<H", 165) + _string(";;;"))
    styles += b"".join(record(0xE0, struct.pack("<HH", 0, form) + bytes(16)) for form in forms)
    before = record(0x809, struct.pack("<4HII", 0x600, 5, 0, 1997, 0, 6)) + record(
        0x42, struct.pack("<H", 1200)
    )
    after = styles + strings + record(0x0A)
    begins = len(before) + len(extra) + 4 + 6 + len(name) + len(after)
    return (
        before
        + extra
        + record(0x85, struct.pack("<IBB", begins, state, kind) + name)
        + after
        + record(0x809, struct.pack("<4HII", 0x600, 0x10, 0, 1997, 0, 6))
        + cells
        + record(0x0A)
    )


_FREE, _END, _FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD


def compound(streams: Mapping[str, bytes], storages: Sequence[str] = ()) -> bytes:
    """A compound file; streams under 4,096 bytes stand in the mini stream, as they must."""
    sectors: list[bytes] = [b""]  # the first is the FAT
    chain: list[int] = [_FAT]

    def stored(data: bytes) -> int:
        """Its first sector."""
        pieces = [data[at : at + 512].ljust(512, b"\0") for at in range(0, len(data), 512)]
        if not pieces:
            return _END
        first = len(sectors)
        sectors.extend(pieces)
        chain.extend([*range(first + 1, first + len(pieces)), _END])
        return first

    mini, mini_chain, places = b"", list[int](), {}
    for name, data in streams.items():
        if len(data) >= 4096:
            places[name] = stored(data)
            continue
        count = -(-len(data) // 64)
        places[name] = len(mini_chain)
        mini_chain += [*range(len(mini_chain) + 1, len(mini_chain) + count), _END]
        mini += data.ljust(64 * count, b"\0")
    entries = [_entry("Root Entry", 5, stored(mini), len(mini), child=1)]
    names = [*streams, *storages]
    for number, name in enumerate(names, 1):
        kind, start, size = (2, places[name], len(streams[name])) if name in streams else (1, 0, 0)
        right = number + 1 if number < len(names) else _FREE
        entries.append(_entry(name, kind, start, size, right=right))
    directory = stored(b"".join(entries))
    first_mini = stored(struct.pack(f"<{len(mini_chain)}I", *mini_chain))
    sectors[0] = struct.pack(f"<{len(chain)}I", *chain).ljust(512, b"\xff")
    assert len(chain) <= 128, "one sector of FAT"
    header = (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
        + bytes(16)
        + struct.pack("<5H6x", 0x3E, 3, 0xFFFE, 9, 6)
        + struct.pack("<9I", 0, 1, directory, 0, 4096, first_mini, 1, _END, 0)
        + struct.pack("<109I", 0, *[_FREE] * 108)
    )
    return header + b"".join(sectors)


def _entry(
    name: str, kind: int, start: int, size: int, right: int = _FREE, child: int = _FREE
) -> bytes:
    written = (name + "\0").encode("utf-16-le")
    links = struct.pack("<3I", _FREE, right, child)
    head = written.ljust(64, b"\0") + struct.pack("<HBB", len(written), kind, 1) + links
    return head + bytes(36) + struct.pack("<IQ", start, size)


def an_xls(stream: bytes | None = None, storages: Sequence[str] = ()) -> bytes:
    return compound({"Workbook": stream or xls_stream()}, storages)


def lines(workbook: Workbook) -> list[tuple[str, ...]]:
    """The cells of every line."""
    assert workbook.faults == ()
    return [line.cells for sheet in workbook.sheets for line in sheet.lines]


def xlsx_of(rows: str, before: str = "", after: str = "") -> Workbook:
    """The valid workbook with those rows."""
    return read(with_parts(XLSX, {SHEET: sheet(rows, before, after)}), "danh sách.xlsx")


def many(count: int) -> str:
    return "".join(f'<row r="{n}"><c r="A{n}"><v>1</v></c></row>' for n in range(1, count + 1))
