"""A process that has everything loaded and forks bots, each of which may be killed at one point.

    python -m tests.crash.zygote MAIL

Reads a line of JSON for each bot, the arguments of its life, and answers with one when
it has ended: all that it said. The last word is what came of it, unless it was killed.
A bot may also freeze; it goes on when the line is `null`.
"""

import asyncio
import gc
import json
import os
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, NoReturn

import anyio._backends._asyncio  # noqa: F401 - as anyio does when it is first used
import httpcore  # noqa: F401 - as httpx does when it is first used
import pkcs11._pkcs11  # noqa: F401 - as python-pkcs11 does when a library is loaded
import twilio.rest.api.v2010.account.message  # noqa: F401 - as its SDK does
from argon2 import PasswordHasher
from pydantic import TypeAdapter

from bot import logs, tools
from bot.accounts import account
from bot.accounts.account import Minted
from bot.accounts.slip import slip
from bot.clock import Calendar
from bot.config import Settings, template_folder
from bot.inbox import mime
from bot.outbox.render import Renderer
from bot.register import connection, place
from bot.signatures import pdf
from tests.crash import life
from tests.outbox.examples import a_credential

# A frozen worker that holds a lock is waited for as long as this, not for a minute.
SOON = {"lock_timeout": "2s", "idle_in_transaction_session_timeout": "5s"}


class Here:
    """Stands where the sandbox does: what hostile bytes may do to a child is tried elsewhere."""

    def __init__(self, *_: object) -> None:
        pass

    async def call(self, function: Callable[..., object], *args: object, answer: type[Any]) -> Any:
        result = await asyncio.to_thread(function, *args)
        said = TypeAdapter(type(result)).dump_json(result)
        return TypeAdapter(answer).validate_json(said)

    async def close(self) -> None:
        pass


def main(mail: Path) -> None:
    logs.configure()
    setattr(tools, "Sandbox", Here)  # noqa: B010 - mypy knows it as another class
    setattr(account, "ARGON2", PasswordHasher(1, 8, 1))  # noqa: B010 - how long a guess takes is tried elsewhere
    place.SERVER.update(SOON)
    warm_up(mail.read_bytes())
    gc.collect()
    gc.freeze()  # what no collection touches stays shared with the forks
    gc.disable()  # no fork lives long enough to need one
    frozen: list[Bot] = []
    for line in sys.stdin:
        if arguments := json.loads(line):
            bot = Bot.born(arguments)
        else:
            bot = frozen.pop()
            os.kill(bot.process, signal.SIGCONT)
        _, status = os.waitpid(bot.process, os.WUNTRACED)
        if os.WIFSTOPPED(status):
            frozen.append(bot)
        print(json.dumps(bot.said()), flush=True)  # noqa: T201


def warm_up(mail: bytes) -> None:
    """What is loaded and made ready before the fork is so once."""

    async def open_a_register() -> None:
        with tempfile.TemporaryDirectory() as folder:
            async with connection.opened(Path(folder) / "register.sqlite3"):
                pass

    asyncio.run(open_a_register())
    Calendar()
    setattr(connection, "migrate", no_migration)  # noqa: B010 - every register was migrated
    [letter] = mime.survey(mail).letters
    pdf.inspect_part(mail, letter.index)
    settings = Settings()
    minted = Minted(1, 1, datetime.now(UTC))
    slip(a_credential(), minted, "", passcode="", renderer=Renderer(settings, template_folder()))


async def no_migration(**_: object) -> None:
    """There is nothing to migrate."""


@dataclass(frozen=True)
class Bot:
    """A bot in a process of its own, and the file of what it says."""

    process: int
    speech: IO[str]

    @classmethod
    def born(cls, arguments: dict[str, Any]) -> "Bot":
        """A fork that lives with these arguments."""
        speech = tempfile.NamedTemporaryFile("w")  # noqa: SIM115 - open as long as it may speak
        if (process := os.fork()) == 0:
            live(arguments, speech)
        return cls(process, speech)

    def said(self) -> list[Any]:
        """All that it has said."""
        lines = Path(self.speech.name).read_text().splitlines()
        return [json.loads(line) for line in lines]


def live(arguments: dict[str, Any], speech: IO[str]) -> NoReturn:
    """Live in this process, and end it."""

    def say(what: Any) -> None:
        print(json.dumps(what), file=speech, flush=True)

    try:
        say(asyncio.run(life.run(say, **arguments)))
    except Exception:
        traceback.print_exc()
    finally:
        os._exit(0)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
