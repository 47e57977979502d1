"""A report as people read it, in Vietnamese or English."""

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from bot.cli.output import out, shown
from bot.config import template_folder
from bot.inbox.mime import Kind
from bot.signatures.report import DATA, FileReport, Report, SignatureReport
from bot.signatures.verdict import Indication

STYLES = {
    Indication.TOTAL_PASSED: "bold green",
    Indication.TOTAL_FAILED: "bold red",
    Indication.INDETERMINATE: "bold yellow",
}


class Language(StrEnum):
    VI = "vi"
    EN = "en"


@dataclass(frozen=True)
class Words:
    """What is said in one language: `templates/verify/<language>.toml`."""

    verdicts: Mapping[str, str]
    meanings: Mapping[str, str]
    words: Mapping[str, str]
    codes: Mapping[str, Mapping[str, str]]

    @classmethod
    def load(cls, language: Language) -> Self:
        file = template_folder() / "verify" / f"{language}.toml"
        return cls(**tomllib.loads(file.read_text("utf-8")))

    def says(self, code: str) -> str:
        return self.codes.get(code, {}).get("says", code)

    def remedy(self, code: str) -> str:
        return self.codes.get(code, {}).get("remedy", "")


def show(report: Report, words: Words, name: str) -> None:
    """Print it: the verdict, each signature, each file, and what is to be done."""
    out.print(Group(*_parts(report, words, name)))


def _parts(report: Report, words: Words, name: str) -> Iterator[RenderableType]:
    yield Text.assemble(shown(name), ": ", (_verdict(report, words), STYLES[report.verdict]))
    yield Text(words.meanings[report.verdict])
    for mark in _marks(report):
        yield Text(words.words[mark])
    if report.signatures:
        yield _heading(words.words["signatures"])
    for signature in report.signatures:
        yield _indented(_signature(signature, words))
    if report.files:
        yield _heading(words.words["files"])
    for file in report.files:
        yield _indented(_file(file, words))
    if report.reasons:
        yield _heading(words.words["reasons"])
        yield _indented(_reasons(report.reasons, words))


def _marks(report: Report) -> Iterator[str]:
    if not report.revocation_checked:
        yield "unchecked"
    if report.automatic:
        yield "automatic"


def _verdict(judged: Report | SignatureReport, words: Words) -> str:
    terms = " / ".join(filter(None, (judged.verdict, judged.sub_indication)))
    return f"{words.verdicts[judged.verdict]} ({terms})"


def _signature(signature: SignatureReport, words: Words) -> Table:
    table = _table()
    table.add_row(words.words["signer"], shown(signature.signer or words.words["nobody"]))
    table.add_row(words.words["covers"], shown(signature.covers))
    if signature.signing_time:
        table.add_row(words.words["claimed"], shown(signature.signing_time))
    if signature.proven_at:
        table.add_row(words.words["proven"], shown(signature.proven_at))
    verdict = Text(_verdict(signature, words), style=STYLES[signature.verdict])
    why = [Text(words.says(code)) for code in signature.reasons]
    table.add_row(words.words["verdict"], Group(verdict, *why))
    return table


def _file(file: FileReport, words: Words) -> Table:
    table = _table()
    name = file.name or words.words["unnamed"]
    size = f"{file.kind}, {file.size:,} {words.words['bytes']}"
    table.add_row(shown(name), Group(Text(size), Text(words.words[_cover(file)])))
    for code in file.faults:
        table.add_row("", Text(words.says(code)))
    return table


def _cover(file: FileReport) -> str:
    if file.covered:
        return "covered"
    if file.kind is Kind.PKCS7:
        return "signature"
    return "uncovered" if file.kind in DATA else "ignored"


def _reasons(codes: Iterable[str], words: Words) -> Table:
    table = _table()
    for code in codes:
        table.add_row(Text(code), Group(Text(words.says(code)), Text(words.remedy(code))))
    return table


def _table() -> Table:
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(overflow="fold", ratio=2)
    table.add_column(overflow="fold", ratio=5)
    return table


def _heading(text: str) -> Text:
    return Text(f"\n{text}", style="bold")


def _indented(part: RenderableType) -> Padding:
    return Padding(part, (0, 0, 0, 2))
