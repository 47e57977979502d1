"""What it costs to issue: the token's share, the parts alone, a register that has grown."""

import time
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

from tortoise.transactions import in_transaction

from bench import population
from bench.house import Worker, founded
from bench.rounds import Effort, interleaved, ratio, say
from bench.table import Line
from bench.token_clock import TokenClock
from bot.ca import profiles
from bot.ca.certificate import Draft, draft, new_serial
from bot.ca.lint import lint_certificate
from bot.ca.profiles import Subject
from bot.ca.signing import sign_bytes
from bot.config import Settings
from bot.procedures.services import Issuing
from bot.register.connection import opened
from bot.register.counter import Counter
from bot.register.place import Place
from bot.register.tasks import Queue
from bot.sections.authority import KeyAlgorithm
from demo.peers.postgres import postgres

SMALL, LARGE = 1_000, 100_000
CHUNK = 5_000  # certificates that are made at a time


async def token_share(effort: Effort) -> AsyncIterator[Line]:
    """rsa-3072, with one hand: a worker is busy for as long as the wall clock says."""
    clock = TokenClock()
    clock.watch()
    count = effort.of(12)
    inside, keys, mails = [], [], []  # seconds, for one certificate
    with founded(KeyAlgorithm.RSA_3072) as settings:
        async with (
            opened(_sqlite(settings)),
            Worker.of(Queue.CA, settings, hands=1) as ca,
            Worker.of(Queue.POST, settings, hands=1) as post,
        ):
            await ca.issue(2)
            await post.work()
            for number in range(1, effort.rounds + 1):
                await population.accepted(count)
                clock.seconds = 0.0
                keys.append(await ca.work() / count)
                inside.append(clock.seconds / count)
                mails.append(await post.work() / count)
                took = f"{inside[-1]:.3f} of {keys[-1]:.3f} s inside the token"
                say(f"round {number} of {effort.rounds}: {took}, {mails[-1]:.3f} s a slip")
    yield Line(
        "rsa-3072",
        "seconds inside PKCS#11",
        "seconds that a `ca` worker with one hand is busy, accepted row to committed certificate",
        ratio(inside, keys),
        "≥ 0.95",
        f"{1000 * median(inside):.0f} and {1000 * median(keys):.0f} ms a certificate",
    )
    yield Line(
        "slip",
        "a credential mail by a `post` worker: slip, AES-256, S/MIME, Maildir; its passcode SMS",
        "one rsa-3072 certificate by a `ca` worker, in the same run",
        ratio(mails, keys),
        "",
        f"{1000 * median(mails):.0f} and {1000 * median(keys):.0f} ms",
    )


async def parts_on_sqlite(effort: Effort) -> AsyncIterator[Line]:
    with founded(KeyAlgorithm.EC_P256) as settings:
        yield await _beside_parts("sqlite", settings, _sqlite(settings), effort)


async def parts_on_postgresql(effort: Effort) -> AsyncIterator[Line]:
    with founded(KeyAlgorithm.EC_P256) as settings, postgres() as server:
        yield await _beside_parts("postgresql", settings, server.create("bench"), effort)


async def _beside_parts(register: str, settings: Settings, place: Place, effort: Effort) -> Line:
    async with opened(place), Worker.of(Queue.CA, settings) as worker:
        count = effort.of(150)
        parts = Parts(worker.tools)
        await worker.issue(20)

        async def ours() -> float:
            return await worker.issue(count)

        async def alone() -> float:
            return await parts.rate(effort.of(100))

        found = await interleaved(effort, ours=ours, parts=alone)
    return Line(
        f"ec-p256-{register}",
        f"ec-p256, accepted rows to committed certificates and notices, register on {register}",
        "its parts, each alone and one after the other: key pair, wrap, CA signature "
        "(rsa-3072, as `bot init` makes it), lint, one durable commit",
        ratio(found["ours"], found["parts"]),
        "≥ 0.7",
        f"{median(found['ours']):.1f} and {median(found['parts']):.1f} certificates/s; "
        f"{parts} (last round)",
    )


class Parts:
    """What no way of issuing can do without."""

    def __init__(self, tools: Issuing) -> None:
        self.tools = tools
        self.milliseconds: dict[str, float] = {}
        self._draft = _a_draft(tools)

    def __str__(self) -> str:
        return ", ".join(f"{name} {took:.2f} ms" for name, took in self.milliseconds.items())

    async def rate(self, count: int) -> float:
        """Certificates per second, were there nothing else to do."""
        subjects, issuer = self.tools.subjects, self.tools.issuer
        steps: dict[str, Callable[[], Any]] = {
            "key and wrap": lambda: subjects.generate(KeyAlgorithm.EC_P256),
            "signature": lambda: sign_bytes(issuer.key, self._draft.tbs),
            "lint": lambda: lint_certificate(self._draft.trial),
        }
        for name, step in steps.items():
            start = time.perf_counter()
            for _ in range(count):
                step()
            self.milliseconds[name] = 1000 * (time.perf_counter() - start) / count
        start = time.perf_counter()
        for _ in range(count):
            async with in_transaction():
                await Counter.next("bench")
        self.milliseconds["commit"] = 1000 * (time.perf_counter() - start) / count
        return 1000 / sum(self.milliseconds.values())


def _a_draft(tools: Issuing) -> Draft:
    person = Subject("Hà Nội", "Sở GDĐT", ("THPT",), "Nguyễn Thị Hồng Hạnh", "nth@hanoiedu.edu.vn")
    now = datetime.now(UTC).replace(microsecond=0)
    return draft(
        subject=person.name(),
        public_key=tools.subjects.generate(KeyAlgorithm.EC_P256).public_key,
        profile=profiles.subscriber(person.email, tools.issuer.addresses),
        issuer=tools.issuer.certificate,
        serial=new_serial(),
        not_before=now,
        not_after=now + timedelta(days=365),
    )


async def growth_on_sqlite(effort: Effort) -> AsyncIterator[Line]:
    with founded(KeyAlgorithm.EC_P256) as settings:
        small, large = (settings.home / name / "register.sqlite3" for name in ("small", "large"))
        yield await _beside_large("sqlite", settings, small, large, effort)


async def growth_on_postgresql(effort: Effort) -> AsyncIterator[Line]:
    with founded(KeyAlgorithm.EC_P256) as settings, postgres() as server:
        small, large = server.create("small"), server.create("large")
        yield await _beside_large("postgresql", settings, small, large, effort)


async def _beside_large(
    register: str, settings: Settings, small: Place, large: Place, effort: Effort
) -> Line:
    """One register is open at a time in a process, so each is opened anew in each round."""
    count, many = effort.of(100), effort.of(LARGE)
    for place, holds in ((small, effort.of(SMALL)), (large, many)):
        await _fill(place, holds)

    async def cost(place: Place) -> float:
        async with opened(place), Worker.of(Queue.CA, settings) as worker:
            await worker.issue(effort.of(50))
            return 1000 / await worker.issue(count)

    found = await interleaved(effort, small=lambda: cost(small), large=lambda: cost(large))
    return Line(
        f"growth-{register}",
        f"one ec-p256 certificate with {many:,} in the register, on {register}",
        f"the same with {effort.of(SMALL):,}",
        ratio(found["large"], found["small"]),
        "≤ 1.1",
        f"{median(found['large']):.1f} and {median(found['small']):.1f} ms",
    )


async def _fill(place: Place, count: int) -> None:
    async with opened(place):
        for done in range(0, count, CHUNK):
            await population.issued(min(CHUNK, count - done))
            say(f"{min(done + CHUNK, count):,} of {count:,} certificates stand")


def _sqlite(settings: Settings) -> Path:
    return settings.home / "register.sqlite3"
