"""`bot rules`: what is accepted, held and returned, as a document to approve."""

import sys
from dataclasses import asdict
from typing import Annotated, Any

import typer

from bot.cli.output import Json, fail, show_list, show_record
from bot.config import Settings
from bot.dossier.rulebook import Chapter, Line, chapters, in_force, rulebook

Code = Annotated[
    str | None, typer.Argument(help="Of one rule, such as `row.mailbox.public`. Default: all.")
]


def rules(context: typer.Context, code: Code = None, as_json: Json = False) -> None:
    """Print every rule with its source, consequence, words and remedy.

    It is what decides, under the settings in force: the numbers, lists of words and
    vocabulary of `bot.toml` are filled in. The print is Markdown, to be read, signed or
    kept; `bot rules > rules.md` makes a file of it. Notices quote a rule's code, and
    `bot rules CODE` says what it means.

    What a rule says can be changed:

        [rules.wording."row.mailbox.public"]
        text = "Địa chỉ này không phải là thư điện tử công vụ."
        remedy = "Đề nghị ghi hộp thư do cơ quan nhà nước cấp."

    What it leads to cannot: the law and the house rules decide that.
    """
    settings: Settings = context.obj
    lines = [_record(chapter, line) for chapter in chapters(settings) for line in chapter.lines]
    if code is not None:
        _show([line for line in lines if line["code"] == code], code, as_json=as_json)
    elif as_json:
        show_record({"settings": in_force(settings), "rules": lines}, as_json=True)
    else:
        sys.stdout.write(rulebook(settings))


def _record(chapter: Chapter, line: Line) -> dict[str, Any]:
    return {"about": chapter.about, **asdict(line)}


def _show(lines: list[dict[str, Any]], code: str, *, as_json: bool) -> None:
    """One rule: for a row of several forms it may lead to something else in each."""
    if not lines:
        raise fail(f"There is no rule {code}.", "`bot rules` prints them all.")
    if as_json:
        show_list(lines, as_json=True, empty="")
        return
    for line in lines:
        show_record({name: said for name, said in line.items() if said}, as_json=False)
