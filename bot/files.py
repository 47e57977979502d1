"""Files that are there whole or not at all, and still there after a power cut."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


def write_once(path: Path, data: bytes, *, by_way_of: Path | None = None) -> None:
    """Put `data` at `path`, for its owner's eyes only, unless something stands there.

    Written in the folder `by_way_of` (default: the target's, hidden) on the same
    file system, synced, linked to its name, and the name synced.
    """
    with _draft(by_way_of or path.parent, path, data, 0o600) as draft, suppress(FileExistsError):
        os.link(draft, path)


def replace(path: Path, data: bytes) -> None:
    """Put `data` at `path`, for everybody to read, in the place of what stands there."""
    with _draft(path.parent, path, data, 0o644) as draft:
        draft.replace(path)


@contextmanager
def _draft(folder: Path, path: Path, data: bytes, mode: int) -> Iterator[Path]:
    """A synced file in `folder`, to be named `path`; the name is synced afterwards."""
    _make_folder(path.parent)
    _make_folder(folder)
    draft = folder / f".{secrets.token_hex(8)}"
    try:
        with draft.open("xb") as file:
            os.fchmod(file.fileno(), mode)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        yield draft
    finally:
        draft.unlink(missing_ok=True)
    _sync_folder(path.parent)


def _make_folder(folder: Path) -> None:
    """`folder` and those it lies in, each with its name synced: a file is lost with its folder."""
    if not folder.is_dir():
        _make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
