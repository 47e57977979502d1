"""What it costs to issue: the token's share, the parts alone, a register that has grown."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tortoise.transactions import in_transaction

from bench import population
from bench.house import Worker, founded, opened
from bench.rounds import Effort, interleaved, say
from bench.table import Line
from bench.token_clock import TokenClock
from bot.ca import profiles
from bot.ca.certificate import Draft, draft, new_serial
from bot.ca.lint import lint_certificate
from bot.ca.profiles import Subject
from bot.ca.signing import sign_bytes
from bot.config import KeyAlgorithm, Settings
from bot.procedures.services import Issuing
from bot.register.counter import Counter
from bot.register.place import Place
from bot.register.tasks import Queue
from demo.peers.postgres import postgres

SMALL, LARGE = 1_000, 100_000
CHUNK = 5_000  # certificates that are made at a time


async def token_share(effort: Effort) -> AsyncIterator[Line]:
    """rsa-3072, with one hand: a worker is busy for as long as the wall clock says."""
    clock = TokenClock()
    clock.watch()
    with founded(KeyAlgorithm.RSA_3072) as settings:
        async with opened(_sqlite(settings)), AsyncExitStack() as stack:
            ca = await stack.enter_async_context(Worker.of(Queue.CA, settings, hands=1))
            post = await stack.enter_async_context(Worker.of(Queue.POST, settings, hands=1))
            count = effort.of(12)
            await ca.issue(2)
            await post.work()

            async def share() -> float:
                await population.accepted(count)
                clock.seconds = 0.0
                found["ca"] = await ca.work()
                found["token"] = clock.seconds
                return clock.seconds / found["ca"]

            async def slips() -> float:
                """Seconds of one credential mail; all else that is to be told goes first."""
                found["post"] = await post.work()
                return found["post"] / count

            async def both() -> float:
                shares.append(await share())
                mails.append(await slips())
                return shares[-1]

            found: dict[str, float] = {}
            shares: list[float] = []
            mails: list[float] = []
            medians = await interleaved(effort, share=both)
            per_mail, per_key = sorted(mails)[len(mails) // 2], found["ca"] / count
    yield Line(
        "rsa-3072",
        "seconds inside PKCS#11",
        "seconds that a `ca` worker with one hand is busy, accepted row to committed certificate",
        medians["share"],
        "≥ 0.95",
        f"{1000 * per_key:.0f} ms a certificate, {1000 * found['token'] / count:.0f} of them "
        "inside the token (last round)",
    )
    yield Line(
        "slip",
        "a credential mail by a `post` worker: slip, AES-256, S/MIME, Maildir; its passcode SMS",
        "one rsa-3072 certificate by a `ca` worker, in the same run",
        per_mail / per_key,
        "",
        f"{1000 * per_mail:.0f} and {1000 * per_key:.0f} ms",
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
        found["ours"] / found["parts"],
        "≥ 0.7",
        f"{found['ours']:.1f} and {found['parts']:.1f} certificates/s; {parts}",
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
        # autovacuum has had its time with both


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
        found["large"] / found["small"],
        "≤ 1.1",
        f"{found['large']:.1f} and {found['small']:.1f} ms",
    )


async def _fill(place: Place, count: int) -> None:
    async with opened(place):
        for done in range(0, count, CHUNK):
            await population.issued(min(CHUNK, count - done))
            say(f"{min(done + CHUNK, count):,} of {count:,} certificates stand")


def _sqlite(settings: Settings) -> Path:
    return settings.home / "register.sqlite3"
