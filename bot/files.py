"""Files that are there whole or not at all, and still there after a power cut."""

import ctypes
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

LIBC = ctypes.CDLL(None, use_errno=True)


def write_once(path: Path, data: bytes, *, by_way_of: Path | None = None) -> None:
    """Put `data` at `path`, for its owner's eyes only, unless something stands there.

    Written in the folder `by_way_of` (default: the target's, hidden) on the same
    file system, synced, linked to its name, and the name synced.
    """
    with _draft(by_way_of or path.parent, path, data, 0o600) as draft, suppress(FileExistsError):
        os.link(draft, path)


def write_all_once(folder: Path, files: Mapping[str, bytes]) -> None:
    """Put each at its path below `folder`, as `write_once` does.

    All of it is one file system, which is synced twice, however many files there are:
    with their bytes, then with their names.
    """
    _make_folder(folder)
    with ExitStack() as stack:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)  # what fails from now on is told
        stack.callback(os.close, descriptor)
        drafts = {}
        for name, data in files.items():
            path = folder / name
            _make_folder(path.parent)
            drafts[path] = path.parent / f".{secrets.token_hex(8)}"
            stack.callback(drafts[path].unlink, missing_ok=True)
            with _written(drafts[path], data, 0o600):
                pass
        _sync_file_system(descriptor)
        for path, draft in drafts.items():
            with suppress(FileExistsError):
                os.link(draft, path)
        _sync_file_system(descriptor)


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


def _sync_file_system(descriptor: int) -> None:
    """syncfs(2): returns when everything is on the disk, or says what failed since the opening."""
    if LIBC.syncfs(descriptor):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
