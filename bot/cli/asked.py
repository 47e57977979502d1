"""What `bot verify` is asked: which file, judged by what, as of when."""

import stat
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import typer

from bot.cli.material import Material, TooMuch
from bot.clock import HANOI
from bot.sections import servers
from bot.signatures.verify import Unreadable, is_mail, is_pdf

SIZE_LIMIT = servers.Door().size_limit  # bytes: what the door takes unless it is set otherwise
YEARS = range(1970, 9990)  # that a moment may lie in: clocks and periods around it need room


class Missing(Unreadable):
    code = "file.missing"


class Empty(Unreadable):
    code = "file.empty"


class TooLarge(Unreadable):
    code = "file.too_large"


@dataclass(frozen=True)
class Asked:
    """The file to judge, and what was brought along: None without the option."""

    file: Path
    trust: Material | None = None
    crl: Material | None = None


def sort_out(paths: Sequence[Path], trust: Sequence[Path], crl: Sequence[Path]) -> Asked:
    """Tell the file from what it is judged by.

    An option takes one value. Of several behind `--trust` or `--crl` the others
    come as `paths`, wherever they stood: they are told by what is in them.

    Raises:
        typer.BadParameter: there is not one file, or nothing in what was brought.
    """
    files = [path for path in paths if not _is_material(path)] or [paths[-1]]
    more = [path for path in paths if path not in files]
    if len(files) > 1 or (more and not (trust or crl)):
        raise typer.BadParameter("One at a time, please.", param_hint="FILE")
    return Asked(
        files[0],
        _material("--trust", [*trust, *more]) if trust else None,
        _material("--crl", [*crl, *more]) if crl else None,
    )


def moment_of(typed: str) -> datetime:
    """ISO 8601, in Vietnam's time unless it names another.

    Raises:
        typer.BadParameter: it is no such time.
    """
    try:
        told = datetime.fromisoformat(typed)
    except ValueError:
        told = datetime.min  # noqa: DTZ901 - a year that is refused
    if told.year not in YEARS:
        like = "2026-11-20, 2026-11-20T09:00 or 2026-11-20T02:00Z"
        raise typer.BadParameter(f"{typed!r} is no time; write {like}.", param_hint="--at")
    return (told if told.tzinfo else told.replace(tzinfo=HANOI)).astimezone(UTC)


def read(file: Path) -> bytes:
    """The bytes of a file of at most `SIZE_LIMIT`.

    Raises:
        Unreadable: by its kinds, the reason.
    """
    try:
        if not stat.S_ISREG(file.stat().st_mode):  # a pipe could keep us waiting for ever
            raise Unreadable
        with file.open("rb") as opened:
            data = opened.read(SIZE_LIMIT + 1)
    except FileNotFoundError:
        raise Missing from None
    except OSError:
        raise Unreadable from None
    if not data:
        raise Empty
    if len(data) > SIZE_LIMIT:
        raise TooLarge
    return data


def _is_material(path: Path) -> bool:
    """Whether it holds certificates or CRLs, and is nothing to be judged."""
    try:
        if path.is_dir():
            return True
        data = read(path)
        return not (is_pdf(data) or is_mail(data)) and bool(Material.read([path]))
    except (Unreadable, OSError, TooMuch):
        return False


def _material(option: str, paths: Sequence[Path]) -> Material:
    try:
        found = Material.read(paths)
    except OSError as error:
        raise typer.BadParameter(
            f"{error.filename}: {error.strerror}.", param_hint=option
        ) from None
    except TooMuch:
        raise typer.BadParameter("There is too much in it.", param_hint=option) from None
    if not (found.certificates if option == "--trust" else found.crls):
        kind = "certificate" if option == "--trust" else "CRL"
        raise typer.BadParameter(f"There is no {kind} in it.", param_hint=option)
    return found
