"""`make demo`: a school's signed mail goes in; certificates, accounts, mails and SMS come out.

    python -m demo [FOLDER]

Everything is laid in FOLDER (./var/demo), which is made anew. Exits non-zero
if anything is off.
"""

import asyncio
import smtplib
import sys
from collections.abc import Callable
from datetime import datetime
from email.message import EmailMessage
from pathlib import Path

from rich.console import Console

from bot.clock import HANOI
from bot.config import Settings
from bot.home import Home
from bot.register import connection
from bot.register.audit import Event
from bot.register.lifecycle import ItemStatus
from bot.register.models import Item
from demo import outcome
from demo.foreign import ForeignPki
from demo.house import OFFICIAL, House, empty
from demo.outcome import Outside
from demo.school import MAILBOX, TEACHERS, School
from demo.watch import watch


def main() -> None:
    """Play it once, from an empty folder."""
    console = Console(highlight=False)
    house = House(empty(Path(*sys.argv[1:2] or ["var/demo"])))
    with ForeignPki() as pki:
        school = School.of(pki)
        console.rule("A house from nothing: tokens, CA, register, a school")
        house.build(pki, school)
        with house.running():
            outside = Outside.of(Home(Settings.load(house.settings)))
            play(console, house, school, house.door, outside)


def play(
    console: Console,
    house: House,
    school: School,
    door: int,
    outside: Outside,
    then: Callable[[Event], None] = lambda _: None,
) -> None:
    """The school mails its letter to the SMTP server on `door`; all is followed to its end.

    Args:
        then: what is done after each event of the audit trail.
    """
    console.rule("The school mails form 01 for three teachers, signed by leader and seal")
    blank = (house.forms() / "mau-01.pdf").read_bytes()
    send(door, school.write(blank, TEACHERS, datetime.now(HANOI).date()))
    last = asyncio.run(_follow(console, house, outside, then))
    print(last)  # noqa: T201


def send(door: int, letter: bytes) -> None:
    """As the school's mail program would."""
    message = EmailMessage()
    message["From"], message["To"] = MAILBOX, OFFICIAL
    message["Subject"] = "Đề nghị cấp chứng thư chữ ký số"
    message.set_content("Kính gửi quý cơ quan hồ sơ đề nghị cấp chứng thư chữ ký số.\n")
    message.add_attachment(
        letter, maintype="application", subtype="pdf", filename="05-THPTCVA-VP.pdf"
    )
    with smtplib.SMTP("127.0.0.1", door) as client:
        client.send_message(message)


async def _follow(
    console: Console, house: House, outside: Outside, then: Callable[[Event], None]
) -> str:
    settings = Settings.load(house.settings)
    async with connection.opened(Home(settings).register):
        try:
            await watch(console, then)
        except TimeoutError:
            sys.exit(f"The dossier was not closed in time; see {house.log} and `bot dossier list`.")
        console.rule("What was sent, as people read it")
        outcome.show(console, outside)
        console.rule("Checked from outside")
        try:
            for line in await outcome.check(settings, outside):
                console.print(line, style="green", soft_wrap=True)
        except outcome.Off as off:
            sys.exit(f"demo: {off}")
        issued = await Item.filter(status=ItemStatus.DONE).count()
        returned = await Item.filter(status=ItemStatus.RETURNED).count()
    if (issued, returned) != (2, 1):
        sys.exit(f"demo: {issued} issued and {returned} returned, not 2 and 1")
    mails, messages = len(outside.mails()), len(outside.messages())
    return f"demo: {issued} issued, {returned} returned, {mails} mails, {messages} SMS"


if __name__ == "__main__":
    main()
