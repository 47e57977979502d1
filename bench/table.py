"""One table of what was measured: lines in, Markdown out."""

from collections.abc import Iterable
from dataclasses import dataclass

BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
HEADINGS = ("line", "measured", "against", "ratio", "aim", "numbers")


@dataclass(frozen=True)
class Line:
    """One ratio of two things that were measured in the same run.

    Attributes:
        name: what `python -m bench NAME` calls it.
        ratio: of `measured` to `against`; above 1 it is more.
        aim: such as "≥ 0.95"; empty where there is none.
        numbers: what the ratio was made of, with units.
    """

    name: str
    measured: str
    against: str
    ratio: float
    aim: str
    numbers: str

    @property
    def cells(self) -> tuple[str, ...]:
        return self.name, self.measured, self.against, spelt(self.ratio), self.aim, self.numbers


def spelt(ratio: float) -> str:
    """Three digits that count: 0.974, 1.02, 38.4, 1250."""
    return f"{ratio:.0f}" if ratio >= 100 else f"{ratio:#.3g}".rstrip(".")


def markdown(lines: Iterable[Line]) -> str:
    """The table, as Markdown has it."""
    rows = [HEADINGS, ("---",) * len(HEADINGS), *(line.cells for line in lines)]
    return "\n".join(f"| {' | '.join(map(_escaped, row))} |" for row in rows)


def rewritten(page: str, between: str) -> str:
    """`page` with `between` in the place of what stood between its two marks.

    Raises:
        ValueError: the page has not each mark once, in this order.
    """
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end or BEGIN in after or END in before + after:
        raise ValueError("The page has lost its marks.")
    return f"{before}{BEGIN}\n\n{between.strip()}\n\n{END}{after}"


def _escaped(cell: str) -> str:
    return " ".join(cell.split()).replace("|", "\\|")
