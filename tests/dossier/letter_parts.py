"""What is found in a letter, as an officer can write it down: a line a part, a value."""

from collections.abc import Iterator

from bot.dossier.own_letter import LetterParts


def as_text(parts: LetterParts) -> str:
    """`part: value`, one line each; empty parts are left out, several values have several lines."""
    return "".join(f"{name}: {value}\n" for name, value in _said(parts) if value)


def _said(parts: LetterParts) -> Iterator[tuple[str, str]]:
    for name in parts.__slots__:
        match getattr(parts, name):
            case frozenset() as names:
                yield name, " ".join(sorted(names))
            case dict() as fields:
                yield from ((f"{name}.{one}", said) for one, said in fields.items())
            case tuple() as several:
                for one in several:
                    yield name, one if isinstance(one, str) else f"{one.number} {one.date}".strip()
            case value:
                yield name, str(value or "")
