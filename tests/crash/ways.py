"""The two ways to run a bot, and what stands around it: set back, and looked at from outside."""

import shutil
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from bot.config import Settings
from demo.peers.postfix import Postfix
from demo.peers.postgres import Postgres
from demo.peers.twilio_account import Message, TwilioPeer


@dataclass
class Embedded:
    """One process over files."""

    settings: Settings
    kept: Path  # folder of what `keep` keeps

    def arguments(self) -> dict[str, Any]:
        """For `life.run`."""
        return {"settings": self.settings.model_dump(mode="json")}

    def keep(self, name: str) -> None:
        """Keep everything as it is now."""
        shutil.copytree(self.settings.home, self.kept / name)

    def set_back(self, name: str) -> None:
        """Make everything as it was."""
        shutil.rmtree(self.settings.home)
        shutil.copytree(self.kept / name, self.settings.home)


@dataclass
class Separate(Embedded):
    """Processes over PostgreSQL, submission and Twilio; of the home there is what they share."""

    database: str
    server: Postgres
    post: Postfix
    carrier: TwilioPeer
    mails: dict[str, dict[str, bytes]] = field(default_factory=dict)
    sent: dict[str, list[Message]] = field(default_factory=dict)

    def arguments(self) -> dict[str, Any]:
        return super().arguments() | {"postfix": str(self.post.folder)}

    def keep(self, name: str) -> None:
        super().keep(name)
        self.server.create(self._copy(name), self.database)
        self.mails[name] = {path.name: path.read_bytes() for path in self._arrived()}
        self.sent[name] = [replace(one) for one in self.carrier.messages]

    def set_back(self, name: str) -> None:
        super().set_back(name)
        self.server.run(f'DROP DATABASE "{self.database}" WITH (FORCE)')  # of whoever was killed
        self.server.create(self.database, self._copy(name))
        for path in self._arrived():
            path.unlink()
        for file, content in self.mails[name].items():
            (self.post.maildir / "new" / file).write_bytes(content)
        self.carrier.messages[:] = [replace(one) for one in self.sent[name]]

    def _copy(self, name: str) -> str:
        return f"{self.database}-{name}"

    def _arrived(self) -> list[Path]:
        return list((self.post.maildir / "new").glob("*"))
