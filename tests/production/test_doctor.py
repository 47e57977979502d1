"""`bot doctor` and the broker: it answers, it does not know us, it is away."""

from datetime import UTC, datetime

import pytest
from dramatiq.brokers.rabbitmq import RabbitmqBroker

from bot import app
from bot.cli.peers import PEER_LOOKS
from bot.config import Settings
from bot.errors import Misconfigured
from bot.register.tasks import Queue
from bot.sections.servers import Broker
from demo.peers.processes import free_port
from demo.peers.rabbitmq import RabbitMq

pytestmark = pytest.mark.xdist_group("rabbitmq")
NOW = datetime.now(UTC)
[SEE] = [look.see for look in PEER_LOOKS if look.part == "broker"]


def at(url: str) -> Settings:
    return Settings(broker=Broker(url=url))


def test_what_waits_is_counted(broker: RabbitMq) -> None:
    settings = at(broker.url)
    carrier = app.carriers(settings, [Queue.POST])[Queue.POST]
    assert isinstance(carrier, RabbitmqBroker)
    try:
        carrier.declare_queue("post", ensure=True)
        carrier.flush("post")
        carrier.channel.basic_publish("", "post", b"{}")
        assert "post 1" in (SEE(settings, NOW) or "")
    finally:
        carrier.flush("post")
        carrier.close()


@pytest.mark.parametrize(
    ("user", "vhost"), [("guest:wrong", ""), ("guest:guest", "nowhere")], ids=["password", "vhost"]
)
def test_one_that_does_not_know_us(broker: RabbitMq, user: str, vhost: str) -> None:
    url = f"amqp://{user}@127.0.0.1:{broker.port}/{vhost}"
    with pytest.raises(Misconfigured, match="does not let the bot in"):
        SEE(at(url), NOW)


def test_a_user_without_a_password_is_said() -> None:
    with pytest.raises(Misconfigured, match=r"broker\.password_file"):
        SEE(at("amqp://bot@127.0.0.1/bot"), NOW)


def test_one_that_is_away() -> None:
    with pytest.raises(Misconfigured, match="does not answer"):
        SEE(at(f"amqp://guest:guest@127.0.0.1:{free_port()}/"), NOW)
