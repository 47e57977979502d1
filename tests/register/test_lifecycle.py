"""The closed list of moves, and the page that draws it."""

import ast
import inspect
import itertools
import re
from enum import StrEnum
from pathlib import Path

import pytest

from bot.register import lifecycle
from bot.register.lifecycle import LIVES, Move, exits
from bot.register.models import Account, Certificate, Dossier, Item, Mail, Notice

SOURCE = inspect.getsource(lifecycle)
PAGE = Path(__file__).parents[2] / "docs" / "lifecycle.md"

Life = tuple[type[StrEnum], type[Move]]
each_life = pytest.mark.parametrize("life", LIVES.items(), ids=[kind.__name__ for kind in LIVES])


def name_of(kind: type[StrEnum]) -> str:
    return kind.__name__.removesuffix("Status")


def comments(kind: type[StrEnum]) -> dict[str, str]:
    """What the comment after each member says, by its value."""
    lines = SOURCE.splitlines()
    [definition] = [
        node
        for node in ast.parse(SOURCE).body
        if isinstance(node, ast.ClassDef) and node.name == kind.__name__
    ]
    found = {}
    for member in definition.body:
        if isinstance(member, ast.Assign) and isinstance(member.value, ast.Constant):
            _, mark, comment = lines[member.lineno - 1].partition("  # ")
            assert mark, f"{kind.__name__}: who acts next on line {member.lineno}?"
            found[str(member.value.value)] = comment
    return found


def section(name: str) -> str:
    [found] = re.findall(
        rf"^## {name}\n(.*?)(?=^## |\Z)", PAGE.read_text(), re.MULTILINE | re.DOTALL
    )
    return str(found)


def table(name: str, first: str) -> list[list[str]]:
    """The rows of the section's table whose first heading is `first`; cells without backticks."""
    lines = iter(section(name).splitlines())
    lines = itertools.dropwhile(lambda line: not line.startswith(f"| {first} |"), lines)
    rows = itertools.takewhile(lambda line: line.startswith("|"), lines)
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]
    return [[cell.replace("`", "") for cell in row] for row in cells[2:]]


def test_the_page_has_a_section_for_each_life_and_no_other() -> None:
    assert re.findall(r"^## (.+)$", PAGE.read_text(), re.MULTILINE) == [*map(name_of, LIVES)]


@each_life
def test_the_page_says_who_acts_next(life: Life) -> None:
    kind, _ = life
    assert table(name_of(kind), "status") == [[*row] for row in comments(kind).items()]


@each_life
def test_the_page_lists_the_moves(life: Life) -> None:
    kind, moves = life
    listed = [
        (move, frozenset(sources.split(", ")), target)
        for move, sources, target in table(name_of(kind), "move")
    ]
    assert listed == [(move.name, frozenset(move.sources), move.target) for move in moves]


@each_life
def test_the_page_draws_the_moves(life: Life) -> None:
    kind, moves = life
    drawn = re.findall(r"^    (\S+) --> (\S+?)(?:: (\w+))?$", section(name_of(kind)), re.MULTILINE)
    expected = [("[*]", str(next(iter(kind))), "")]
    expected += [(str(s), str(move.target), move.name) for move in moves for s in move.sources]
    expected += [(str(status), "[*]", "") for status in kind if not any(exits(status))]
    assert sorted(drawn) == sorted(expected)


@each_life
def test_every_status_has_its_comment(life: Life) -> None:
    kind, _ = life
    assert list(comments(kind)) == list(kind)
    assert all(comments(kind).values())


@each_life
def test_closed_ones_have_no_exit_and_every_other_has_one(life: Life) -> None:
    kind, _ = life
    closed = {status for status in kind if comments(kind)[status].startswith("closed: ")}
    assert closed == {status for status in kind if not any(exits(status))}


@each_life
def test_every_status_can_be_reached(life: Life) -> None:
    kind, _ = life
    first = next(iter(kind))
    reached, new = {first}, [first]
    while new:
        more = {move.target for move in exits(new.pop())} - reached
        reached |= more
        new += more
    assert reached == set(kind)


@each_life
def test_a_move_goes_from_the_life_to_the_life_and_somewhere_else(life: Life) -> None:
    kind, moves = life
    for move in moves:
        assert {type(status) for status in (*move.sources, move.target)} == {kind}
        assert move.target not in move.sources


@each_life
def test_two_names_are_two_moves(life: Life) -> None:
    _, moves = life
    assert list(moves.__members__) == [move.name for move in moves]  # an alias would be missing


@each_life
def test_exits_are_the_moves_that_leave(life: Life) -> None:
    kind, moves = life
    for status in kind:
        assert set(exits(status)) == {move for move in moves if status in move.sources}


@pytest.mark.parametrize("model", [Mail, Dossier, Item, Certificate, Account, Notice])
def test_a_row_begins_with_the_first_status(model: type[Mail]) -> None:
    first = model._meta.fields_map["status"].default
    assert isinstance(first, StrEnum)
    assert type(first) in LIVES
    assert first is next(iter(type(first)))
