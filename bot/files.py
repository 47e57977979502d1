"""Files that are there whole or not at all, and still there after a power cut."""

import os
import secrets
from contextlib import suppress
from pathlib import Path


def write_once(path: Path, data: bytes, *, by_way_of: Path | None = None) -> None:
    """Put `data` at `path`, for its owner's eyes only, unless something stands there.

    Written in the folder `by_way_of` (default: the target's, hidden) on the same
    file system, synced, linked to its name, and the name synced.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    folder = by_way_of or path.parent
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / f".{secrets.token_hex(8)}"
    try:
        with draft.open("xb") as file:
            os.fchmod(file.fileno(), 0o600)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink(missing_ok=True)
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
