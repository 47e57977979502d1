"""Separate processes on PostgreSQL and RabbitMQ: killed, drained, purged, cut off, and back.

First `bot doctor` and the broker, while nobody works off its queues.
"""

import os
import smtplib
from datetime import UTC, datetime, timedelta

import pytest
from dramatiq.brokers.rabbitmq import RabbitmqBroker

from bot import app
from bot.cli.peers import PEER_LOOKS
from bot.config import Settings
from bot.errors import Misconfigured
from bot.register.models import Certificate, Task
from bot.register.tasks import HAND_OVER, Kind, Queue
from bot.sections.servers import Broker
from demo.peers.processes import free_port
from demo.peers.rabbitmq import RabbitMq
from tests.production.site import Site, until

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(240),
]
[SEE] = [look.see for look in PEER_LOOKS if look.part == "broker"]
ALL = ("door", "relay", "others", "ca-1", "ca-2")
IN_VAIN = timedelta(seconds=3)  # since it was handed over


def at(url: str) -> Settings:
    return Settings(broker=Broker(url=url))


async def test_doctor_counts_what_waits(broker: RabbitMq) -> None:
    settings = at(broker.url)
    carrier = app.carriers(settings, [Queue.POST])[Queue.POST]
    assert isinstance(carrier, RabbitmqBroker)
    try:
        carrier.declare_queue("post", ensure=True)
        carrier.flush("post")
        carrier.channel.basic_publish("", "post", b"{}")
        assert "post 1" in (SEE(settings, datetime.now(UTC)) or "")
    finally:
        carrier.flush("post")
        carrier.close()


@pytest.mark.parametrize(
    ("user", "vhost"), [("guest:wrong", ""), ("guest:guest", "nowhere")], ids=["password", "vhost"]
)
async def test_doctor_names_a_broker_that_does_not_know_us(
    broker: RabbitMq, user: str, vhost: str
) -> None:
    url = f"amqp://{user}@127.0.0.1:{broker.port}/{vhost}"
    with pytest.raises(Misconfigured, match="does not let the bot in"):
        SEE(at(url), datetime.now(UTC))


async def test_doctor_names_a_user_without_a_password() -> None:
    with pytest.raises(Misconfigured, match=r"broker\.password_file"):
        SEE(at("amqp://bot@127.0.0.1/bot"), datetime.now(UTC))


async def test_doctor_names_a_broker_that_is_away() -> None:
    with pytest.raises(Misconfigured, match="does not answer"):
        SEE(at(f"amqp://guest:guest@127.0.0.1:{free_port()}/"), datetime.now(UTC))


async def is_begun(kind: Kind) -> bool:
    return await Task.exists(kind=kind, begun_at__isnull=False)


async def is_taken_up(kind: Kind) -> bool:
    """Whether nobody need begin it any more. For what was handed over in vain, a minute passes."""
    now = datetime.now(UTC)
    left = Task.filter(kind=kind, begun_at__isnull=True)
    await left.filter(leased_until__lt=now + HAND_OVER - IN_VAIN).update(leased_until=now)
    return not await left.exists()


async def test_a_letter_goes_from_process_to_process(site: Site) -> None:
    await site.start(*ALL)
    await site.done(await site.send(people=2), people=2)
    queues = site.broker.control("list_queues", "name", "arguments").splitlines()
    forgetful = [line for line in queues if "x-message-ttl" in line]
    assert {line.split()[0] for line in forgetful} >= set(Queue)  # none grows while nobody works


async def test_what_a_killed_worker_did_goes_on_elsewhere_within_seconds(site: Site) -> None:
    await site.start("door", "relay", "others", "ca-1")
    await site.stop("ca-2")
    number = await site.send()
    await until(lambda: is_begun(Kind.ISSUE))
    site.processes["ca-1"].kill()
    await site.start("ca-2")
    await site.done(number, burnt=True)
    assert '"kind": "issue"' in site.log
    assert '"attempt": 2' in site.log


async def test_a_worker_that_is_told_to_stop_finishes_first(site: Site) -> None:
    await site.start("door", "relay", "others", "ca-2")
    number = await site.send()
    await until(lambda: is_begun(Kind.ISSUE))
    issued = await Certificate.filter(status="valid").count()
    assert await site.stop("ca-2") == 0
    assert await Certificate.filter(status="valid").count() == issued + 1
    await site.done(number)


async def test_a_purged_queue_heals_from_the_register(site: Site) -> None:
    await site.stop("ca-1")
    await site.stop("ca-2")
    await site.start("door", "relay", "others")
    number = await site.send()
    await until(lambda: Task.exists(kind=Kind.ISSUE, lease__isnull=False))
    site.broker.control("purge_queue", Queue.CA)
    await site.start("ca-1")
    assert not await is_begun(Kind.ISSUE)
    await Task.filter(kind=Kind.ISSUE).update(leased_until=datetime.now(UTC))  # a minute passes
    await site.done(number)


async def test_two_relays_with_clocks_apart_hand_nothing_over_twice(site: Site) -> None:
    await site.start(*ALL)
    for name, apart in (("ahead", "+1h"), ("behind", "-1h")):
        site.processes[name] = site.house.process("relay", **fake_time(apart))
    await site.start("ahead", "behind")
    await site.stop("relay")
    await site.done(await site.send(people=2), people=2)
    for name in ("ahead", "behind"):
        assert await site.stop(name) == 0


async def test_the_broker_may_be_away(site: Site) -> None:
    await site.start(*ALL)
    site.broker.stop()
    number = await site.send()
    await until(lambda: Task.exists(kind=Kind.IDENTIFY, lease__isnull=False))
    site.broker.start()
    await until(lambda: is_taken_up(Kind.IDENTIFY))
    await site.done(number)


async def test_the_database_may_be_away(site: Site) -> None:
    await site.start(*ALL)
    await site.done(await site.send())
    site.database.stop()
    try:
        with pytest.raises(smtplib.SMTPDataError) as refused:
            await site.send()
    finally:
        site.database.start()
    assert refused.value.smtp_code == 451
    await site.done(await site.send())
    assert all(site.processes[name].is_alive for name in ALL)


def fake_time(apart: str) -> dict[str, str]:
    """Variables that make a process see another time of day."""
    multiarch = f"{os.uname().machine}-linux-gnu"
    return {
        "LD_PRELOAD": f"/usr/lib/{multiarch}/faketime/libfaketime.so.1",
        "FAKETIME": apart,
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
