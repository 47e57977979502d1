"""What `bot board` sees of the machine around the register: no PIN is used, nothing is changed."""

import socket
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Event, Thread
from time import sleep

from cryptography import x509
from pkcs11.exceptions import PKCS11Error

from bot import tools
from bot.cli.time_left import span
from bot.config import Settings
from bot.errors import Misconfigured
from bot.home import Home
from bot.inbox.imap_sweep import folder_url
from bot.register.models import Fetched

PATIENCE = 2  # seconds, for the door
HANGS = 10  # seconds: a device that has not answered by then
LOOK_EVERY = 10  # seconds
FAR_AWAY = "not looked at"


@dataclass(frozen=True)
class Part:
    """One of its kind; `is_well` is None where this process may not look."""

    kind: str
    name: str
    says: str
    is_well: bool | None = True


def look(settings: Settings, now: datetime) -> tuple[Part, ...]:
    """Tokens, door and CRL. Blocking, as long as a device that hangs."""
    return (*_tokens(settings), _door(settings), _crl(settings, now))


async def last_fetched(settings: Settings, now: datetime) -> tuple[Part, ...]:
    """When mail last came out of each mailbox behind IMAP; that none comes may be as it should."""
    parts = []
    for account in settings.imap.accounts:
        newest = Fetched.filter(folder=folder_url(account)).order_by("-uid_validity", "-uid")
        found = await newest.select_related("mail").first()
        says = f"newest mail {span(now - found.mail.received_at)} old" if found else "no mail yet"
        parts.append(Part("IMAP", account.mailbox, says))
    return tuple(parts)


def _tokens(settings: Settings) -> Iterator[Part]:
    """Whether each is there; where the library or its configuration is not ours, nobody knows."""
    labels = settings.tokens
    for label in dict.fromkeys((labels.ca, labels.subjects, labels.ocsp, labels.post)):
        try:
            found = len(tools.module(settings).tokens(label))
        except (Misconfigured, PermissionError):
            yield Part("tokens", label, FAR_AWAY, None)
        except PKCS11Error as error:
            yield Part("tokens", label, type(error).__name__, is_well=False)
        else:
            says = "there" if found == 1 else f"{found} of that name"
            yield Part("tokens", label, says, found == 1)


def _door(settings: Settings) -> Part:
    """Whether it greets (RFC 5321, 4.2; RFC 2033)."""
    where = (settings.door.host, settings.door.port)
    name = f"{where[0]}:{where[1]}"
    try:
        with socket.create_connection(where, PATIENCE) as door:
            door.settimeout(PATIENCE)
            greets = door.recv(512).startswith(b"220")
            door.sendall(b"QUIT\r\n")
    except OSError:
        return Part("door", name, "does not answer", is_well=False)
    return Part("door", name, "answers" if greets else "does not greet", greets)


def _crl(settings: Settings, now: datetime) -> Part:
    try:
        crl = x509.load_der_x509_crl(Home(settings).crl.read_bytes())
    except FileNotFoundError:
        return Part("CRL", "", "not there yet", is_well=False)
    except PermissionError:
        return Part("CRL", "", FAR_AWAY, None)
    except (OSError, ValueError):
        return Part("CRL", "", "cannot be read", is_well=False)
    age = span(max(now, crl.last_update_utc) - crl.last_update_utc)
    if crl.next_update_utc is None or crl.next_update_utc <= now:
        return Part("CRL", "", f"{age} old, LAPSED", is_well=False)
    return Part("CRL", "", f"{age} old, good for {span(crl.next_update_utc - now)}")


class Watch:
    """Looks from a thread of its own: a device that hangs holds up nobody.

    Args:
        again: until the process ends, every ten seconds.
    """

    def __init__(self, settings: Settings, *, again: bool) -> None:
        self.seen: tuple[Part, ...] = ()
        self._settings = settings
        self._again = again
        self._has_looked = Event()
        Thread(target=self._look, daemon=True).start()

    def first(self) -> tuple[Part, ...]:
        """What the first look has seen, or that it takes too long."""
        if self._has_looked.wait(HANGS):
            return self.seen
        return (Part("tokens", "", f"no answer in {HANGS} s", is_well=False),)

    def _look(self) -> None:
        while True:
            self.seen = look(self._settings, datetime.now(UTC))
            self._has_looked.set()
            if not self._again:
                return
            sleep(LOOK_EVERY)
