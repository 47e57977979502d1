"""What happens in the house, as it happens: the register's events in plain words."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from rich.console import Console

from bot.register.audit import Event
from bot.register.lifecycle import DossierStatus, NoticeStatus, exits
from bot.register.models import Certificate, Dossier, Item, Mail, Notice

PATIENCE = 120  # seconds
GOOD, BAD, PLAIN = "green", "yellow", "white"


async def watch(console: Console, then: Callable[[Event], None] = lambda _: None) -> Dossier:
    """Show every event, then do what `then` does, until all is closed and everybody is told.

    Raises:
        TimeoutError: it did not come so far.
    """
    seen, until = 0, time.monotonic() + PATIENCE
    started = time.monotonic()
    while time.monotonic() < until:
        for event in await Event.filter(id__gt=seen).order_by("id"):
            seen = event.id
            if describe := WORDS.get(event.code):
                text, style = await describe(event)
                console.print(
                    f"{time.monotonic() - started:6.2f} s  {text}", style=style, soft_wrap=True
                )
            then(event)
        dossier = await Dossier.first()
        if dossier and not any(exits(dossier.status)) and not await _untold():
            return dossier
        await asyncio.sleep(0.1)
    raise TimeoutError


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
    "crl.publish": _published,
    "notice.send": _sent,
}
