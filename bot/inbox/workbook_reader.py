"""Workbooks, read: .xlsx, .xls and .ods, as text that a person would see. Runs in the sandbox.

A file that could show one thing to its signer and another to us is not read, and says why:
formulas, macros, contents fetched from elsewhere, parts that two programs read differently
(docs/sheets.md). Nothing is unpacked before its size is bounded.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from bot.inbox.compound import CompoundFile, is_compound, open_compound
from bot.inbox.ods import is_ods, read_ods
from bot.inbox.packages import Package, open_package
from bot.inbox.tables import Tables, Unfit
from bot.inbox.workbook import Workbook, WorkbookKind
from bot.inbox.xls import is_encrypted_package, is_xls, read_xls
from bot.inbox.xlsx import is_xlsx, read_xlsx

CONTENT_LIMIT = 16_000_000  # bytes of a file that is looked at


def is_workbook(content: bytes) -> bool:
    """Whether it is a workbook by its bytes, encrypted or broken perhaps."""
    try:
        return _opened(content) is not None
    except Unfit:
        return False


def read(content: bytes, name: str) -> Workbook:
    """The workbook, or why it is not read; never raises but for want of memory."""
    tables = Tables()
    kind = None
    try:
        if len(content) > CONTENT_LIMIT:
            raise Unfit("sheet.too_large")
        found = _opened(content)
        if found is None:
            raise Unfit("sheet.unreadable")
        kind = found.kind
        found.read(tables)
    except Unfit as unfit:
        tables.faults.add(unfit.fault)
    return Workbook(
        name=name,
        sha256=hashlib.sha256(content).hexdigest(),
        kind=kind,
        faults=tuple(sorted(tables.faults)),
        formulas=tuple(tables.formulas),
        has_signature=tables.has_signature,
        sheets=() if tables.faults else tuple(table.sheet() for table in tables.sheets),
    )


@dataclass(frozen=True)
class _Found:
    kind: WorkbookKind | None
    read: Callable[[Tables], None]


def _opened(content: bytes) -> _Found | None:
    """Raises: Unfit."""
    if is_compound(content):
        return _in_compound(open_compound(content))
    if content.startswith(b"PK"):
        return _in_package(open_package(content))
    return None


def _in_compound(file: CompoundFile) -> _Found | None:
    if is_encrypted_package(file):
        return _Found(None, _encrypted)
    if is_xls(file):
        return _Found(WorkbookKind.XLS, lambda tables: read_xls(file, tables))
    return None


def _in_package(package: Package) -> _Found | None:
    if is_xlsx(package.names):
        return _Found(WorkbookKind.XLSX, lambda tables: read_xlsx(package, tables))
    if is_ods(package):
        return _Found(WorkbookKind.ODS, lambda tables: read_ods(package, tables))
    return None


def _encrypted(tables: Tables) -> None:
    tables.faults.add("sheet.encrypted")
