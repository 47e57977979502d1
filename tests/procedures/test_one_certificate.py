"""Whatever is asked, decided, overruled, signed, interrupted and taken back, in any order: one
person has at most one current certificate, and what is closed stays so.
"""

import asyncio
import shutil
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from tortoise.expressions import Q

from bot import actors
from bot.dossier.form import Procedure
from bot.procedures.lines import in_force, line_among
from bot.procedures.orders.case_file import items_waiting
from bot.procedures.orders.ruling import Ruling, accept
from bot.register import connection, tasks
from bot.register.lifecycle import CertificateStatus, DossierStatus, ItemStatus, exits
from bot.register.models import Agency, Certificate, Dossier, Item, Task
from bot.register.tasks import Kind
from tests.dossier.builders import a_change, a_revocation
from tests.procedures.office import Office, a_school, an_office, at, handed
from tests.procedures.software import Away, Tools
from tests.procedures.test_withdraw import take_back
from tests.register.rows import NOW

T = TypeVar("T")

NAMES = ("Trường Trung học phổ thông Chu Văn An", "Trường Trung học phổ thông Phan Đình Phùng")
WORKED_ON = (Kind.DECIDE, Kind.ISSUE, Kind.CHANGE, Kind.REVOKE, Kind.CONFIRM)
HANDED_OVER = (CertificateStatus.VALID, CertificateStatus.REVOKED)
YEAR = timedelta(days=365)
RENEW: dict[str, str] = {"amend": "", "what": "", "new": ""}
AMEND = {"renew": ""}
BOTH: dict[str, str] = {}

agencies = st.integers(0, len(NAMES) - 1)
persons = st.sampled_from((1, 2))
which = st.integers(0, 99)  # of those there are
soon = st.integers(0, 3)  # tasks that are done at once


class Lives(RuleBasedStateMachine):
    """Two agencies and two persons; a task is done when a rule says so, in whatever order.

    One of them has a certificate already.
    """

    blank: ClassVar[Path]
    seams: ClassVar[pytest.MonkeyPatch]

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.waiting: list[Task] = []
        self.closed: dict[tuple[type, int], str] = {}
        self.folder = TemporaryDirectory()
        self.runner = asyncio.Runner()
        self.stack = AsyncExitStack()
        self.do(self._open(Path(self.folder.name)))

    def do(self, story: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(story)

    async def _open(self, home: Path) -> None:
        register = shutil.copyfile(self.blank, home / "register.sqlite3")
        await self.stack.enter_async_context(connection.opened(register))
        self.office: Office = an_office(home, self.seams.setattr)
        self.tools = Tools(self.office.vetting)
        self.tools.take_their_places(self.seams.setattr)
        self.schools: list[Agency] = [await a_school(name) for name in NAMES]
        await self._comes(0, at(self.schools[0], 1), Procedure.ISSUE, 2)
        self.now += YEAR

    def teardown(self) -> None:
        self.do(self.stack.aclose())
        self.runner.close()
        self.folder.cleanup()

    async def clock(self) -> datetime:
        return self.now

    @rule(agency=agencies, person=persons, soon=soon)
    def a_person_is_named(self, agency: int, person: int, soon: int) -> None:
        self.do(self._comes(agency, at(self.schools[agency], person), Procedure.ISSUE, soon))

    @rule(agency=agencies, one=which, soon=soon, ticks=st.sampled_from((RENEW, AMEND, BOTH)))
    def a_change_is_asked(self, agency: int, one: int, ticks: dict[str, str], soon: int) -> None:
        self.do(self._about(agency, one, Procedure.CHANGE, a_change(1, **ticks), soon))

    @rule(agency=agencies, one=which, soon=soon)
    def a_revocation_is_asked(self, agency: int, one: int, soon: int) -> None:
        self.do(self._about(agency, one, Procedure.REVOKE, a_revocation(1), soon))

    async def _about(
        self, agency: int, one: int, procedure: Procedure, row: dict[str, str], soon: int
    ) -> None:
        """A row about one of the certificates there are, as its holder would write it."""
        known = await Certificate.all().order_by("id").prefetch_related("subscriber")
        named = known[one % len(known)]
        holder = {"full_name": named.subscriber.full_name, "mailbox": named.subscriber.mailbox}
        is_new = self.now < named.not_before + YEAR  # to renew it would gain nothing
        row |= holder | {"serial": named.serial} | (AMEND if is_new else {})
        await self._comes(agency, row, procedure, soon)

    async def _comes(
        self, agency: int, row: dict[str, str], procedure: Procedure, soon: int
    ) -> None:
        letter = await self.office.letter(
            self.schools[agency], row, procedure=procedure, now=self.now
        )
        await tasks.call(Kind.DECIDE, letter.id, due=self.now)
        await self._look()
        for _ in range(soon):
            if self.waiting:
                await self._works(self.waiting[-1])

    @rule(agency=agencies, one=which)
    def a_dossier_is_taken_back(self, agency: int, one: int) -> None:
        self.do(self._taken_back(agency, one))

    async def _taken_back(self, agency: int, one: int) -> None:
        own = await Dossier.filter(agency=self.schools[agency]).order_by("id")
        if own:
            await take_back(self.schools[agency], own[one % len(own)])
            await self._look()

    @rule(one=which)
    def an_officer_lets_pass(self, one: int) -> None:
        self.do(self._let_pass(one))

    async def _let_pass(self, one: int) -> None:
        """Whatever holds a dossier: it is decided again."""
        held = Q(status=DossierStatus.HELD) | Q(items__status=ItemStatus.HELD)
        found = await Dossier.filter(held).distinct().order_by("id").prefetch_related("agency")
        if not found:
            return
        dossier = found[one % len(found)]
        nobody: Any = None  # who orders it does not matter
        rows = tuple(await items_waiting(dossier))
        officers = self.office.vetting.settings.officers
        await accept(Ruling(dossier, rows, nobody, nobody, officers, self.now))
        await self._look()

    @precondition(lambda self: self.waiting)
    @rule(one=which, is_away=st.booleans())
    def some_task_is_done(self, one: int, is_away: bool) -> None:
        self.do(self._works(self.waiting[one % len(self.waiting)], is_away=is_away))

    @precondition(lambda self: self.waiting)
    @rule()
    def the_next_task_is_done(self) -> None:
        self.do(self._works(self.waiting[0]))

    async def _works(self, task: Task, *, is_away: bool = False) -> None:
        """Let it be begun; where the token is away, its first commit stands alone."""
        self.tools.is_away = is_away
        message = await handed(task, self.now)
        await actors.work(message, self.tools.of[Kind(task.kind).queue], self.clock)
        await self._look()

    async def _look(self) -> None:
        done = Task.filter(kind__in=WORKED_ON, parked_at__isnull=True)
        self.waiting = await done.order_by("id")

    @rule(years=st.sampled_from((1, 4)))
    def time_passes(self, years: int) -> None:
        if self.now < NOW + 2 * YEAR:  # the CA's own certificate stands meanwhile
            self.now += years * YEAR

    @invariant()
    def nobody_has_two(self) -> None:
        self.do(self._nobody_has_two())

    async def _nobody_has_two(self) -> None:
        """What is in force belongs to one line, and one of it is current."""
        holders: dict[int, list[Certificate]] = {}
        for one in await Certificate.filter(status__in=HANDED_OVER).order_by("id"):
            holders.setdefault(one.subscriber_id, []).append(one)
        for own in holders.values():
            if standing := [one for one in own if in_force(one, self.now)]:
                assert [one.current_of for one in standing].count(own[0].subscriber_id) == 1
                line = {one.id for one in line_among(standing[0].id, own)}
                assert {one.id for one in standing} <= line

    @invariant()
    def nothing_breaks(self) -> None:
        self.do(self._nothing_breaks())

    async def _nothing_breaks(self) -> None:
        errors = await Task.exclude(last_error="").values_list("last_error")
        assert {code for (code,) in errors} <= {Away.code}

    @invariant()
    def what_is_closed_stays_so(self) -> None:
        self.do(self._what_is_closed_stays_so())

    async def _what_is_closed_stays_so(self) -> None:
        for kind in (Item, Dossier, Certificate):
            for row in await kind.all():
                status = self.closed.get((kind, row.id), row.status)
                assert row.status == status
                if not any(exits(status)):
                    self.closed[kind, row.id] = status


def test_one_person_has_one_current_certificate(
    blank_register: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Lives.blank, Lives.seams = blank_register, monkeypatch
    bounded = settings(
        max_examples=15,
        stateful_step_count=12,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(Lives, settings=bounded)
