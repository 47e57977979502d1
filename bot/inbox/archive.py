"""The content-addressed archive: exact bytes, named by their SHA-256.

What `put` returned is on the disk. Nothing is ever changed or overwritten.
"""

import hashlib
import os
import tempfile
from pathlib import Path


class Archive:
    """A folder of files `ab/cdef…`; mails, and the evidence verdicts were based on."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, content: bytes) -> str:
        """Keep `content`; return its digest (SHA-256, hex). Blocking.

        Raises:
            OSError: it is not kept; nothing half-written remains under its name.
        """
        digest = hashlib.sha256(content).hexdigest()
        path = self.path(digest)
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            _write_durably(path, content)
        _sync_folder(path.parent)  # also when it exists: another hand may not have got so far
        return digest

    def get(self, digest: str) -> bytes:
        """The bytes that `put` was given. Blocking."""
        return self.path(digest).read_bytes()

    def path(self, digest: str) -> Path:
        return self.folder / digest[:2] / digest[2:]


def _write_durably(path: Path, content: bytes) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)  # noqa: PTH105 - `name` came from mkstemp
    except BaseException:
        os.unlink(name)  # noqa: PTH108
        raise


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
