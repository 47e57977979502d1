"""The content-addressed archive: exact bytes, named by their SHA-256.

What `put` returned is on the disk. Nothing is ever changed or overwritten.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from bot.errors import BotError
from bot.files import write_all_once, write_once


class Damaged(BotError):
    """What stands in the archive is not what was put there; an officer acts next."""

    code = "archive.damaged"


class Archive:
    """A folder of files `ab/cdef…`; mails, and the evidence verdicts were based on."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, content: bytes) -> str:
        """Keep `content`; return its digest (SHA-256, hex). Blocking.

        Raises:
            OSError: it is not kept; nothing half-written stands under its name.
        """
        digest = hashlib.sha256(content).hexdigest()
        write_once(self.path(digest), content)
        return digest

    def put_all(self, contents: Sequence[bytes]) -> list[str]:
        """Keep each of `contents`, in much less time; return their digests. Blocking.

        Raises:
            OSError: not all of them are kept.
        """
        digests = [hashlib.sha256(content).hexdigest() for content in contents]
        write_all_once(self.folder, dict(zip(map(_name, digests), contents, strict=True)))
        return digests

    def get(self, digest: str) -> bytes:
        """The bytes that `put` was given. Blocking.

        Raises:
            Damaged: they are no longer those bytes.
        """
        content = self.path(digest).read_bytes()
        if hashlib.sha256(content).hexdigest() != digest:
            raise Damaged(digest)
        return content

    def path(self, digest: str) -> Path:
        return self.folder / _name(digest)


def _name(digest: str) -> str:
    return f"{digest[:2]}/{digest[2:]}"
