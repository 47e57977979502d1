"""No hot query reads every row of a table that grows: the databases' own plans say so."""

import json
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from tortoise import Tortoise
from tortoise.transactions import in_transaction

from bench import population
from bot.clock import HANOI, Calendar
from bot.dossier.catalogue import FORMS
from bot.dossier.form import Procedure
from bot.procedures.arrival import record_report
from bot.procedures.inbound import receive
from bot.procedures.overview import overview
from bot.register import tasks
from bot.register.models import Attempt, Certificate, Dossier
from bot.register.tasks import Kind, Lease, LeaseLost
from bot.sms.gateway import Arrival, Incoming, Report
from demo.paper import fill
from demo.school import filled_in
from tests.dossiers.desk import plain_form
from tests.house import House, drawn
from tests.registers import BOTH

pytestmark = pytest.mark.parametrize("database", BOTH, indirect=True, scope="module")

PEOPLE = 200
WAITING = 100  # tasks of each kind, for some day
SOME_DAY = datetime(2126, 11, 22, tzinfo=UTC)
# A few officers, opted-out phones and pauses. Agencies, a few thousand, are all read where a
# mail bears no known signature and From may still be one of theirs.
SMALL = {"officer", "optout", "agency", "pause"}
# How a test asks whether all is quiet; the bot does not.
OURS = ('WHERE NOT "lease" IS NULL', 'WHERE "parked_at" IS NULL AND "due_at"')

Sent = dict[str, list[Any]]  # statements, and the values of one time each


@contextmanager
def statements() -> Iterator[Sent]:
    """What is sent to the database meanwhile."""
    sent: Sent = {}

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if isinstance(record.args, tuple) and len(record.args) == 2:
                statement, values = record.args
                sent[str(statement)] = list(values) if isinstance(values, list) else []

    log, listener = logging.getLogger("tortoise.db_client"), Listener()
    before = log.level, log.propagate
    log.addHandler(listener)
    log.setLevel(logging.DEBUG)
    log.propagate = False
    try:
        yield sent
    finally:
        log.removeHandler(listener)
        log.setLevel(before[0])
        log.propagate = before[1]


async def populate() -> None:
    await population.issued(PEOPLE)
    await population.short_messages(PEOPLE)
    for kind in Kind:
        await tasks.call_all(kind, range(10**6, 10**6 + WAITING), due=SOME_DAY)


def revocation(house: House, blank: bytes, serial: str) -> bytes:
    row = {"full_name": "Nguyễn Thị Hồng Hạnh", "serial": serial, "reason": "Mất điện thoại"}
    today = datetime.now(HANOI).date()
    values = filled_in(FORMS[Procedure.REVOKE], [row], today, "17/THPTCVA-VP")
    return house.school.sign(fill(blank, values))


async def everyday(house: House, serial: str, attempt: Attempt, dossier: Dossier) -> None:
    """Letters, a mail of nobody known, what a carrier and a phone say, work that takes long, and
    somebody who looks at the board.
    """
    now = datetime.now(UTC)
    blank = plain_form(drawn(Procedure.REVOKE))
    await house.send(house.letter())
    await house.send(revocation(house, blank, serial))
    await house.send()
    await record_report(str(attempt.reference), Report(Arrival.UNKNOWN), now)
    asks = Incoming("SM1", str(dossier.receiver_mobile), f"TRACUU {dossier.number}", now)
    await receive(asks, now)
    await overview(Calendar(), now)
    lease = Lease(1, "of nobody", Kind.ISSUE, 1, 1, now)
    with suppress(LeaseLost):
        await lease.extend(now)
    await lease.postpone("crash", now, counted=False)
    await house.quiet()


async def test_no_hot_query_reads_a_whole_table(house: House) -> None:
    house = replace(house, blank=plain_form(house.blank))
    await populate()
    certificate, attempt = await Certificate.first(), await Attempt.first()
    dossier = await Dossier.get(number="HS-000000001")
    assert certificate
    assert attempt
    with statements() as sent:
        await everyday(house, certificate.serial, attempt, dossier)
    asked = {
        statement: values
        for statement, values in sent.items()
        if statement.startswith(("SELECT", "UPDATE", "DELETE"))
        and not any(ours in statement for ours in OURS)
    }
    assert len(asked) > 50
    for table in ("attempt", "inbound", "certificate", "agencysigner", "subscriber", "mail"):
        assert any(f'FROM "{table}"' in statement for statement in asked)
    assert [found async for found in whole_tables(asked)] == []


async def whole_tables(asked: Sent) -> AsyncIterator[tuple[str, str]]:
    """Tables that a plan reads whole, each with the statement, with statistics and without."""
    client = Tortoise.get_connection("default")
    plan = _server_plan if client.capabilities.dialect == "postgres" else _sqlite_plan
    for _ in range(2):
        for statement, values in asked.items():
            async for table in plan(statement, values):
                if table not in SMALL:
                    yield table, statement
        await client.execute_script("ANALYZE")


async def _sqlite_plan(statement: str, values: list[Any]) -> AsyncIterator[str]:
    client = Tortoise.get_connection("default")
    if "WHERE 1=0" in statement:
        return  # an empty list: it knows without looking
    for row in await client.execute_query_dict(f"EXPLAIN QUERY PLAN {statement}", values):
        what, table, *how = row["detail"].split()
        if what == "SCAN" and (not how or " WHERE " in statement):
            yield table.rpartition("__")[2]


async def _server_plan(statement: str, values: list[Any]) -> AsyncIterator[str]:
    """Where a table is still read whole, or an index, though anything else is preferred."""
    async with in_transaction() as connection:
        await connection.execute_script("SET LOCAL enable_seqscan = off")
        [row] = await connection.execute_query_dict(f"EXPLAIN (FORMAT JSON) {statement}", values)
    nodes = [json.loads(row["QUERY PLAN"])[0]["Plan"]]
    while nodes:
        node = nodes.pop()
        nodes += node.get("Plans", [])
        walks = "Index" in node["Node Type"] and "Index Cond" not in node and "Filter" in node
        if node["Node Type"] == "Seq Scan" or walks:
            yield node["Relation Name"]
