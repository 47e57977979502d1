"""What happens in the house, as it happens: the register's events in plain words."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from rich.console import Console

from bot.register.audit import Event
from bot.register.lifecycle import DossierStatus, ItemStatus, NoticeStatus, exits
from bot.register.models import Certificate, Dossier, Item, Mail, Notice

PATIENCE = 120  # seconds
GOOD, BAD, PLAIN = "green", "yellow", "white"


@dataclass
class Watch:
    """Shows every event once, and does what `then` does after it."""

    console: Console
    then: Callable[[Event], None] = lambda _: None
    _seen: int = 0

    async def until(self, so_far: Callable[[], Awaitable[bool]]) -> None:
        """Look on until it has come so far, and everybody is told.

        Raises:
            TimeoutError: it did not.
        """
        started = time.monotonic()
        while time.monotonic() < started + PATIENCE:
            for event in await Event.filter(id__gt=self._seen).order_by("id"):
                self._seen = event.id
                await self._show(event, time.monotonic() - started)
                self.then(event)
            if await so_far() and not await _untold():
                return
            await asyncio.sleep(0.1)
        raise TimeoutError

    async def _show(self, event: Event, after: float) -> None:
        if describe := WORDS.get(event.code):
            text, style = await describe(event)
            self.console.print(f"{after:6.2f} s  {text}", style=style, soft_wrap=True)


async def closed(dossiers: int) -> bool:
    """Whether there are so many, and each has its end."""
    all_of_them = await Dossier.all().only("status")
    return len(all_of_them) == dossiers and not any(any(exits(one.status)) for one in all_of_them)


async def held() -> bool:
    """Whether a dossier, or a row, waits for an officer."""
    return (
        await Dossier.filter(status=DossierStatus.HELD).exists()
        or await Item.filter(status=ItemStatus.HELD).exists()
    )


async def _untold() -> bool:
    return await Notice.filter(status=NoticeStatus.INTENDED).exists()


async def _stored(event: Event) -> tuple[str, str]:
    mail = await Mail.get(id=event.subject)
    return f"mail stored: {mail.size:,} bytes, sha256 {mail.digest[:16]}…", PLAIN


async def _opened(event: Event) -> tuple[str, str]:
    dossier = await Dossier.get(id=event.subject).prefetch_related("agency")
    return f"{dossier.number} for {dossier.agency.name}, due {dossier.due_at:%d/%m/%Y}", PLAIN


async def _judged(event: Event) -> tuple[str, str]:
    dossier = await Dossier.get(id=event.subject)
    lines = [
        f"signature «{one['field']}»: {one['indication']} {one['sub_indication'] or ''}".rstrip()
        for one in dossier.verdicts
    ]
    style = GOOD if dossier.status != DossierStatus.RETURNED else BAD
    return f"{'; '.join(lines)} → letter {dossier.status} ({event.because})", style


async def _row(event: Event) -> tuple[str, str]:
    item = await Item.get(id=event.subject)
    name = item.asked["full_name"]["typed"]
    style = BAD if item.faults else GOOD
    return f"row {item.position}, {name}: {event.code.partition('.')[2]} ({event.because})", style


async def _reserved(event: Event) -> tuple[str, str]:
    one = await Certificate.get(id=event.subject).prefetch_related("key")
    return f"key {one.key.algorithm} made and wrapped; serial {one.serial[:16]}… reserved", PLAIN


async def _issued(event: Event) -> tuple[str, str]:
    one = await Certificate.get(id=event.subject).prefetch_related("subscriber")
    return f"certificate signed for {one.subscriber.full_name}", GOOD


async def _revoked(event: Event) -> tuple[str, str]:
    one = await Certificate.get(id=event.subject)
    return f"certificate {one.serial[:16]}… revoked ({one.reason})", BAD


async def _published(event: Event) -> tuple[str, str]:
    return f"CRL number {event.subject} published, {event.details['entries']} entries", PLAIN


async def _sent(event: Event) -> tuple[str, str]:
    notice = await Notice.get(id=event.subject)
    return f"{notice.channel}: {notice.kind} → {notice.recipient}", GOOD


async def _completed(event: Event) -> tuple[str, str]:
    return "every row has its end: dossier completed", GOOD


WORDS: dict[str, Callable[[Event], Awaitable[tuple[str, str]]]] = {
    "mail.store": _stored,
    "dossier.open": _opened,
    "dossier.accept": _judged,
    "dossier.return": _judged,
    "dossier.hold": _judged,
    "dossier.complete": _completed,
    "item.accept": _row,
    "item.return": _row,
    "item.hold": _row,
    "certificate.reserve": _reserved,
    "certificate.issue": _issued,
    "certificate.revoke": _revoked,
    "crl.publish": _published,
    "notice.send": _sent,
}
