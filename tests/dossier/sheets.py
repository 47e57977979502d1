"""Lists as workbooks: from what agencies type to what the rules say."""

import csv
import io
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import openpyxl

from bot.dossier.case import Case
from bot.dossier.decision import decide
from bot.dossier.form import Procedure
from bot.dossier.spreadsheet import SheetReading, read_list
from bot.inbox.workbook import Line, Sheet, Workbook
from bot.inbox.workbook_reader import read
from tests.dossier.builders import a_case, a_holding


def a_sheet(*lines: Sequence[str], name: str = "Danh sách", hidden: bool = False) -> Sheet:
    """One cell a word; lines are numbered from 1, and empty ones left out."""
    filled = ((at, cells) for at, cells in enumerate(lines, start=1) if any(cells))
    told = tuple(Line(number=at, cells=tuple(cells)) for at, cells in filled)
    return Sheet(name=name, lines=told, hidden=hidden)


def a_workbook(*sheets: Sheet, name: str = "danh sách.xlsx", **changes: object) -> Workbook:
    return Workbook.model_validate({"name": name, "sha256": name, "sheets": sheets, **changes})


def from_csv(path: Path) -> Workbook:
    """A sheet as an officer wrote it down, saved by a program and read again."""
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    for line in csv.reader(io.StringIO(path.read_text())):
        page.append([text or None for text in line])
    book.save(saved := io.BytesIO())
    return read(saved.getvalue(), path.name)


def case_of(reading: SheetReading) -> Case:
    """A valid letter with that list."""
    case = a_case(procedure=reading.procedure)
    assert case.application
    count = str(len(reading.rows))
    held = (
        {}
        if reading.procedure is Procedure.ISSUE
        else {row.position: a_holding(row.position) for row in reading.rows}
    )
    asked = replace(case.application, rows=reading.rows, stated_count=count)
    return replace(case, application=asked, sheet=reading, holdings=held)


def findings(workbook: Workbook, procedure: Procedure) -> list[str]:
    """Code, line of the sheet, column: for the list, then for each row."""
    reading = read_list([workbook], procedure)
    decision = decide(case_of(reading))
    found = [*decision.faults, *(fault for row in decision.rows for fault in row.faults)]
    return [
        f"{fault.code} | {reading.line_of(fault.position or 0) or '-'} | {fault.column or '-'}"
        for fault in found
    ]
