"""`make demo`: a school's signed mail goes in; certificates, accounts, mails and SMS come out.

    python -m demo [FOLDER]

Everything is laid in FOLDER (./var/demo), which is made anew. Exits non-zero
if anything is off.
"""

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from bot.config import Settings
from bot.home import Home
from bot.register import connection
from bot.register.audit import Event
from demo.day import Day
from demo.foreign import ForeignPki
from demo.house import House, empty
from demo.outcome import Outside
from demo.school import School
from demo.status import Off
from demo.watch import Watch


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
    """The day's mails go to the SMTP server on `door`; all is followed to its end.

    Args:
        then: what is done after each event of the audit trail.
    """
    house.forms()
    watch = Watch(console, then)
    try:
        last = asyncio.run(_follow(Day(console, watch, house, school, door, outside)))
    except TimeoutError:
        sys.exit(f"A dossier was not closed in time; see {house.log} and `bot dossier list`.")
    except Off as off:
        sys.exit(f"demo: {off}")
    print(last)  # noqa: T201


async def _follow(day: Day) -> str:
    async with connection.opened(Home(day.settings).register):
        first = await day.begin()
        return f"{first}; then {await day.go_on()}"


if __name__ == "__main__":
    main()
