"""A row among the others of its letter: whom it repeats, and what it shares with whom.

Indexed once for all rows, so that 2,000 of them are no more than 2,000 look-ups.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from heapq import merge
from typing import Any

from bot.dossier.amendments import Thing, amendment_of
from bot.dossier.fields import folded
from bot.dossier.rows import CertificateRow, ChangeRow, IssueRow, Row

SHARED = ("mailbox", "mobile")  # what is one person's own


@dataclass
class _Sharing:
    """The rows with one value in one column: of each person the first.

    `by_number` has those with a personal number, `unnumbered` those without,
    `by_name` all of them.
    """

    by_number: dict[Hashable, IssueRow] = field(default_factory=dict)
    unnumbered: dict[Hashable, IssueRow] = field(default_factory=dict)
    by_name: dict[Hashable, IssueRow] = field(default_factory=dict)

    def add(self, row: IssueRow) -> None:
        number, name = row.personal_number.value, _name(row)
        self.by_name.setdefault(name, row)
        if number:
            self.by_number.setdefault(number, row)
        else:
            self.unnumbered.setdefault(name, row)


class Neighbours:
    """The rows of one letter, in order."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self._above: dict[int, Row] = {}
        self._numbered: dict[str, list[IssueRow]] = defaultdict(list)
        self._unnumbered: dict[Hashable, list[IssueRow]] = defaultdict(list)
        self._named: dict[Hashable, list[IssueRow]] = defaultdict(list)
        self._sharing: dict[tuple[str, Any], _Sharing] = defaultdict(_Sharing)
        self._serials: dict[str, list[CertificateRow]] = defaultdict(list)
        self._new_mailboxes: dict[str, list[ChangeRow]] = defaultdict(list)
        for above, row in zip([None, *rows], rows, strict=False):
            if above is not None:
                self._above[row.position] = above
            match row:
                case IssueRow():
                    self._add_person(row)
                case CertificateRow() if row.serial.value:
                    self._serials[row.serial.value].append(row)
            if isinstance(row, ChangeRow) and (new := amendment_of(row).value(Thing.MAILBOX)):
                self._new_mailboxes[new].append(row)

    def above(self, row: Row) -> Row | None:
        return self._above.get(row.position)

    def same_person(self, row: IssueRow) -> Iterator[IssueRow]:
        """The other rows that name the same person, in order.

        By personal number; where one of two has none, by name and birth date.
        """
        number, name = row.personal_number.value, _name(row)
        lists = (self._numbered[number], self._unnumbered[name]) if number else (self._named[name],)
        found = merge(*lists, key=lambda one: one.position)
        return (other for other in found if other.position != row.position)

    def same_serial(self, row: CertificateRow) -> Iterator[CertificateRow]:
        """The other rows that name the same certificate, in order."""
        found = self._serials.get(row.serial.value or "", ())
        return (other for other in found if other.position != row.position)

    def same_new_mailbox(self, row: ChangeRow) -> Iterator[ChangeRow]:
        """The rows of other certificates that want the same new mailbox, in order."""
        found = self._new_mailboxes.get(amendment_of(row).value(Thing.MAILBOX) or "", ())
        return (other for other in found if other.serial.value != row.serial.value)

    def sharing(self, row: IssueRow, column: str) -> IssueRow | None:
        """The first row of another person with the same value in `column`, one of SHARED."""
        found = self._sharing.get((column, getattr(row, column).value))
        if found is None:
            return None
        number, name = row.personal_number.value, _name(row)
        others = [_first_but(found.by_name, name)]
        if number:
            others = [_first_but(found.by_number, number), _first_but(found.unnumbered, name)]
        return min(filter(None, others), key=lambda one: one.position, default=None)

    def _add_person(self, row: IssueRow) -> None:
        name = _name(row)
        self._named[name].append(row)
        if row.personal_number.value:
            self._numbered[row.personal_number.value].append(row)
        else:
            self._unnumbered[name].append(row)
        for column in SHARED:
            if value := getattr(row, column).value:
                self._sharing[column, value].add(row)


def _first_but(rows: dict[Hashable, IssueRow], mine: Hashable) -> IssueRow | None:
    return next((row for key, row in rows.items() if key != mine), None)


def _name(row: IssueRow) -> Hashable:
    """Name and birth date; without a birth date, nobody is like another."""
    if row.birth_date.value is None:
        return row.position
    return folded(row.full_name.typed), row.birth_date.value
