"""The two ways to run a bot, and what stands around it: set back, and looked at from outside."""

import shutil
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from bot.config import Settings
from demo.peers.postfix import Postfix
from demo.peers.postgres import Postgres
from demo.peers.twilio_account import Message, TwilioPeer

# Tables beside tables: a database made anew for each life takes ten times as long.
KEEP = """
    CREATE SCHEMA "{name}";
    CREATE TABLE "{name}"."numbers of rows" AS
        SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = 'public';
    DO $$ DECLARE one text; BEGIN
        FOR one IN SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public'
        LOOP EXECUTE 'CREATE TABLE "{name}".' || one || ' AS TABLE public.' || one; END LOOP;
    END $$
"""
SET_BACK = """
    SELECT pg_terminate_backend(pid, 30000) FROM pg_stat_activity -- of whoever was killed
        WHERE datname = current_database() AND pid <> pg_backend_pid();
    SET session_replication_role = replica; -- rows in any order
    DO $$ DECLARE one text; BEGIN
        FOR one IN SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public'
        LOOP
            EXECUTE 'DELETE FROM public.' || one;
            EXECUTE 'INSERT INTO public.' || one || ' SELECT * FROM "{name}".' || one;
        END LOOP;
    END $$;
    SELECT setval(quote_ident(sequencename)::regclass, coalesce(last_value, 1),
                  last_value IS NOT NULL)
        FROM "{name}"."numbers of rows"
"""


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
        self.server.run(KEEP.format(name=name), self.database)
        self.mails[name] = {path.name: path.read_bytes() for path in self._arrived()}
        self.sent[name] = [replace(one) for one in self.carrier.messages]

    def set_back(self, name: str) -> None:
        super().set_back(name)
        self.server.run(SET_BACK.format(name=name), self.database)
        for path in self._arrived():
            path.unlink()
        for file, content in self.mails[name].items():
            (self.post.maildir / "new" / file).write_bytes(content)
        self.carrier.messages[:] = [replace(one) for one in self.sent[name]]

    def _arrived(self) -> list[Path]:
        return list((self.post.maildir / "new").glob("*"))
