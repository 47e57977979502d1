"""Files that are there whole or not at all, and still there after a power cut."""

import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO


def write_once(path: Path, data: bytes, *, by_way_of: Path | None = None) -> None:
    """Put `data` at `path`, for its owner's eyes only, unless something stands there.

    Written in the folder `by_way_of` (default: the target's, hidden) on the same
    file system, synced, linked to its name, and the name synced.
    """
    with _draft(by_way_of or path.parent, path, data, 0o600) as draft, suppress(FileExistsError):
        os.link(draft, path)


def write_all_once(files: Mapping[Path, bytes]) -> None:
    """Put each at its path as `write_once` does; much sooner than one by one.

    All are written before the first is synced, and a folder is synced once.
    """
    with ExitStack() as stack:
        drafts = {}
        for path, data in files.items():
            _make_folder(path.parent)
            draft = path.parent / f".{secrets.token_hex(8)}"
            stack.callback(draft.unlink, missing_ok=True)
            drafts[path] = stack.enter_context(_written(draft, data, 0o600))
        for file in drafts.values():
            os.fsync(file.fileno())
        for path, file in drafts.items():
            with suppress(FileExistsError):
                os.link(file.name, path)
    for folder in {path.parent for path in files}:
        _sync_folder(folder)


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
        with _written(draft, data, mode) as file:
            os.fsync(file.fileno())
        yield draft
    finally:
        draft.unlink(missing_ok=True)
    _sync_folder(path.parent)


@contextmanager
def _written(path: Path, data: bytes, mode: int) -> Iterator[BinaryIO]:
    """A new file, open and not synced yet."""
    with path.open("xb") as file:
        os.fchmod(file.fileno(), mode)
        file.write(data)
        file.flush()
        yield file


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
