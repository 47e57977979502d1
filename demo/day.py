"""A day of an authority: issue, then renew and amend, hold and decide, revoke.

Each begins with a letter of the school's, is followed to its end and then checked
with other people's tools.
"""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from rich.console import Console

from bot.clock import HANOI
from bot.config import Settings
from bot.dossier.form import Form
from bot.dossier.form01 import FORM_01
from bot.dossier.form04 import FORM_04
from bot.dossier.form05 import FORM_05
from bot.register.lifecycle import ItemStatus
from bot.register.models import Certificate, Item
from demo import outcome, status
from demo.house import OFFICER, House
from demo.outcome import Outside
from demo.paper import fill
from demo.post import send, with_letter, with_text
from demo.school import TEACHERS, School, Teacher, filled_in
from demo.smime import sealed
from demo.status import Off
from demo.watch import Watch, closed, held

DEPUTY = Teacher(
    "Đỗ Thị Minh Tâm", "08/03/1981", "001181002468", "dtmtam@hanoiedu.edu.vn", "0904567890",
    title="Phó Hiệu trưởng",
)  # fmt: skip
NEW_MAILBOX = "baongoc.pham@hanoiedu.edu.vn"


@dataclass
class Day:
    """A house with a school and an officer, after its first dossier."""

    console: Console
    watch: Watch
    house: House
    school: School
    door: int
    outside: Outside
    letters: int = 0

    @cached_property
    def settings(self) -> Settings:
        return Settings.load(self.house.settings)

    async def begin(self) -> str:
        """The first dossier: three teachers, one of them with a mistyped e-mail."""
        self.console.rule("The school mails form 01 for three teachers, signed by leader and seal")
        await self._ask(FORM_01, [teacher.row() for teacher in TEACHERS], self._closed)
        self.console.rule("What was sent, as people read it")
        outcome.show(self.console, self.outside)
        self.console.rule("Checked from outside")
        self._say(*await outcome.check(self.settings, self.outside))
        issued = await Item.filter(status=ItemStatus.DONE).count()
        returned = await Item.filter(status=ItemStatus.RETURNED).count()
        if (issued, returned) != (2, 1):
            raise Off(f"{issued} issued and {returned} returned, not 2 and 1")
        mails, messages = len(self.outside.mails()), len(self.outside.messages())
        return f"demo: {issued} issued, {returned} returned, {mails} mails, {messages} SMS"

    async def go_on(self) -> str:
        """The other procedures, one after the other; what was done."""
        chapters = (self._renew_and_amend, self._hold_and_decide, self._revoke)
        return ", ".join([await chapter() for chapter in chapters])

    async def _renew_and_amend(self) -> str:
        self.console.rule("Form 04: one certificate is renewed, another person's mailbox changes")
        renewed, amended = await self._current(TEACHERS[0]), await self._current(TEACHERS[2])
        rows = [
            {**_named(TEACHERS[0], renewed), "renew": "on"},
            {
                **_named(TEACHERS[2], amended), "amend": "on",
                "what": FORM_04.columns["mailbox"].label, "new": NEW_MAILBOX,
            },
        ]  # fmt: skip
        await self._ask(FORM_04, rows, self._closed)
        self._say(
            status.is_renewed(renewed, await self._current(TEACHERS[0])),
            status.is_good(self.settings, await self._current(TEACHERS[0])),
            status.is_amended(amended, await self._current(TEACHERS[2]), NEW_MAILBOX),
            status.is_revoked(self.settings, amended),
        )
        return "1 renewed, 1 amended"

    async def _hold_and_decide(self) -> str:
        self.console.rule("A deputy head asks: an officer decides, by a signed mail")
        await self._ask(FORM_01, [DEPUTY.row()], held)
        order = self._order()
        self.console.print(f"The officer writes, and signs: {order}", style="cyan")
        send(self.door, sealed(with_text(order, OFFICER), self.house.officer), OFFICER)
        await self.watch.until(self._closed)
        self._say(status.is_good(self.settings, await self._current(DEPUTY)))
        return "1 held and issued"

    async def _revoke(self) -> str:
        self.console.rule("Form 05: the deputy's phone is lost; revoked within 12 hours")
        lost = await self._current(DEPUTY)
        row = {**_named(DEPUTY, lost), "reason": "Mất điện thoại, nghi lộ khóa bí mật"}
        await self._ask(FORM_05, [row], self._closed)
        self._say(status.is_revoked(self.settings, lost))
        return "1 revoked"

    async def _ask(
        self,
        form: Form,
        rows: Sequence[Mapping[str, str]],
        until: Callable[[], Awaitable[bool]],
    ) -> None:
        """The school fills in a form, signs it, mails it; all is followed until so far."""
        self.letters += 1
        blank = (self.house.home / "forms" / f"mau-{form.number}.pdf").read_bytes()
        values = filled_in(
            form, rows, datetime.now(HANOI).date(), f"{self.letters + 4:02}/THPTCVA-VP"
        )
        send(self.door, with_letter(self.school.sign(fill(blank, values)), form))
        await self.watch.until(until)

    async def _closed(self) -> bool:
        return await closed(self.letters)

    def _order(self) -> str:
        """The line that the officer finds in the mail about what is held."""
        for sent in reversed(self.outside.mails()):
            if found := re.search(r"^\s*(DUYỆT HS-\S+ \S+)\s*$", sent.text, re.MULTILINE):
                return found[1]
        raise Off("no officer was told what to write")

    async def _current(self, teacher: Teacher) -> Certificate:
        number = teacher.personal_number
        return await Certificate.get(
            subscriber__personal_number=number, current_of__isnull=False
        ).prefetch_related("subscriber")

    def _say(self, *lines: str) -> None:
        for line in lines:
            self.console.print(line, style="green", soft_wrap=True)


def _named(teacher: Teacher, current: Certificate) -> dict[str, str]:
    """Whose certificate a row of form 04 or 05 means."""
    return {
        "full_name": teacher.full_name,
        "serial": current.serial,
        "mailbox": current.subscriber.mailbox,
    }
