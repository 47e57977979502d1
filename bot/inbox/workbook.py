"""What a sheet holds: tables of text, as a person would see them; and what they would not see."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict


class WorkbookKind(StrEnum):
    """By its bytes, whatever its name says."""

    XLSX = "xlsx"
    XLS = "xls"
    ODS = "ods"


class Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Line(Model):
    """One row that is not empty. `number` is the program's own, from 1."""

    number: int
    cells: tuple[str, ...]
    hidden: bool = False


class Sheet(Model):
    """One sheet. `hidden_columns` counts from 0, as `cells` do."""

    name: str
    lines: tuple[Line, ...] = ()
    hidden: bool = False
    hidden_columns: tuple[int, ...] = ()


class Workbook(Model):
    """A file of sheets. `faults` are codes (`sheet.macros`); a faulty one has no sheets.

    `name` is what its sender called it: a label. `kind` is None where the bytes are
    no workbook's. `formulas` are the first few cells that hold one («Sheet1!C5»).
    `has_signature`: it is signed itself, which is not looked at.
    """

    name: str
    sha256: str
    kind: WorkbookKind | None = None
    faults: tuple[str, ...] = ()
    formulas: tuple[str, ...] = ()
    has_signature: bool = False
    sheets: tuple[Sheet, ...] = ()
