"""`make production-demo`: the same dossier over the servers of an authority, with kills in between.

    python -m demo.production [FOLDER]

PostgreSQL, RabbitMQ, Postfix and a stand-in for Twilio's API are started on
loopback, and two of each process of the bot. While the dossier goes its way,
one process of each role but `callbacks` is killed at the worst moment, and
started again as a service manager would. Everything that was started is stopped.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from bot.register.audit import Event
from demo.__main__ import play
from demo.foreign import ForeignPki
from demo.house import House, empty
from demo.outcome import Outside
from demo.peers.postfix import Postfix, postfix
from demo.peers.postgres import Postgres, postgres
from demo.peers.processes import free_port
from demo.peers.rabbitmq import RabbitMq, rabbitmq
from demo.peers.twilio import twilio
from demo.peers.twilio_account import TwilioPeer
from demo.process import Process
from demo.school import School

ROLES = {
    "door": ("door",),
    "relay": ("relay",),
    "vet": ("worker", "--queue", "vet"),
    "urgent": ("worker", "--queue", "urgent"),
    "ca": ("worker", "--queue", "ca"),
    "post": ("worker", "--queue", "post"),
    "web": ("web",),
    "callbacks": ("callbacks",),
}
PINS = {
    "urgent": ("bot-ca",),
    "ca": ("bot-ca", "bot-subjects"),
    "post": ("bot-post",),
    "web": ("bot-ocsp",),
}
KILLED_AFTER = {  # event: who is killed at that moment
    "mail.store": ("door", "vet"),
    "dossier.open": ("relay",),
    "dossier.accept": ("post",),
    "certificate.reserve": ("ca",),
    "crl.publish": ("urgent", "web"),
}


@dataclass
class Peers:
    """The servers around the bot."""

    database: Postgres
    broker: RabbitMq
    mail: Postfix
    carrier: TwilioPeer
    doors: tuple[int, int]
    called: int  # port that the carrier calls back

    def settings(self, folder: Path) -> str:
        """How the bot reaches them; secrets stand in files of `folder`."""
        (folder / "mail-password").write_text(self.mail.password)
        (folder / "twilio-token").write_text(self.carrier.auth_token)
        return f"""
[database]
url = "{self.database.create("bot")}"
[broker]
url = "{self.broker.url}"
[door]
protocol = "lmtp"
[submission]
host = "localhost"
port = {self.mail.submission}
ca_file = "{self.mail.ca_file}"
login = "{self.mail.login}"
password_file = "{folder}/mail-password"
[sms]
carrier = "twilio"
[sms.callbacks]
base_url = "http://127.0.0.1:{self.called}"
[sms.twilio]
account = "{self.carrier.account}"
auth_token_file = "{folder}/twilio-token"
sender = "{self.carrier.number}"
address = "{self.carrier.address}"
"""

    def outside(self) -> Outside:
        """Where mails and messages end."""
        messages = self.carrier.outbound
        return Outside(
            self.mail.maildir,
            lambda: [f"To: {message.to}\n\n{message.body}" for message in messages()],
        )


@contextmanager
def peers() -> Iterator[Peers]:
    """All of them, while the block runs."""
    doors = free_port(), free_port()
    with ExitStack() as stack:
        yield Peers(
            stack.enter_context(postgres()),
            stack.enter_context(rabbitmq()),
            stack.enter_context(postfix(*doors)),
            stack.enter_context(twilio(delivers=True)),
            doors,
            free_port(),
        )


class Fleet:
    """Two processes of each role; each reaches only the PINs of its role."""

    def __init__(self, house: House, around: Peers) -> None:
        web, called = (house.web, free_port()), (around.called, free_port())
        self.processes = {
            f"{role}-{number}": house.process(
                *words,
                BOT_DOOR__PORT=str(around.doors[number - 1]),
                BOT_WEB__PORT=str(web[number - 1]),
                BOT_SMS__CALLBACKS__PORT=str(called[number - 1]),
                BOT_TOKENS__PINS=str(_pins(house.home, role)),
            )
            for role, words in ROLES.items()
            for number in (1, 2)
        }

    @contextmanager
    def running(self) -> Iterator[None]:
        """All of them, until the block ends; then each is stopped in order."""
        try:
            for process in self.processes.values():
                process.start()
            yield
        finally:
            for process in self.processes.values():
                process.stop()


def _pins(home: Path, role: str) -> Path:
    folder = home / "pins-of" / role
    folder.mkdir(parents=True, exist_ok=True)
    for name in PINS.get(role, ()):
        (folder / name).write_bytes((home / "pins" / name).read_bytes())
    return folder


def killing(console: Console, fleet: dict[str, Process]) -> Callable[[Event], None]:
    """Kills the first process of a role when its moment comes, and starts it again."""
    moments = dict(KILLED_AFTER)

    def then(event: Event) -> None:
        for role in moments.pop(event.code, ()):
            process = fleet[f"{role}-1"]
            process.kill()
            console.print(f"          {role}-1 is killed, and started again", style="red")
            process.start()

    return then


def main() -> None:
    """Play it once, from an empty folder."""
    console = Console(highlight=False)
    folder = empty(Path(*sys.argv[1:2] or ["var/production-demo"]))
    console.rule("PostgreSQL, RabbitMQ, Postfix, a carrier, and two of each process of the bot")
    with ForeignPki() as pki, peers() as around:
        school = School.of(pki)
        house = House(folder, around.settings(folder))
        house.build(pki, school)
        fleet = Fleet(house, around)
        with fleet.running():
            play(
                console, house, school, around.mail.inbound, around.outside(),
                killing(console, fleet.processes),
            )  # fmt: skip


if __name__ == "__main__":
    main()
