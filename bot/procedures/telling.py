"""Who is told what: intents, inside the caller's transaction."""

from collections.abc import Collection
from datetime import datetime

from tortoise.expressions import Q
from tortoise.queryset import QuerySet

from bot.dossier.application import Receiver
from bot.outbox.content import Content
from bot.outbox.delivery import intend
from bot.register.lifecycle import Channel, Role
from bot.register.models import Dossier, Officer


async def tell_agency(dossier: Dossier, content: Content, *, key: str, now: datetime) -> None:
    """To the agency's registered mailbox, whatever From or Reply-To said."""
    await intend(
        content, key=f"{key}:{dossier.id}", channel=Channel.EMAIL,
        recipient=dossier.agency.mailbox, now=now, dossier=dossier, answers=dossier.mail,
    )  # fmt: skip


async def tell_receiver(
    dossier: Dossier, receiver: Receiver, notify: str, content: Content, *, key: str, now: datetime
) -> None:
    """To the person the letter names, over the channel it chose."""
    channel = Channel(notify)
    recipient = receiver.mobile.value if channel is Channel.SMS else receiver.mailbox.value
    if not recipient or recipient == dossier.agency.mailbox:
        return
    await intend(
        content, key=f"{key}:receiver:{dossier.id}", channel=channel,
        recipient=recipient, now=now, dossier=dossier,
    )  # fmt: skip


def officers_at(now: datetime) -> QuerySet[Officer]:
    """Everybody who is an officer at that time."""
    return Officer.filter(Q(until__isnull=True) | Q(until__gt=now), since__lte=now)


async def tell_officers(
    content: Content,
    *,
    key: str,
    now: datetime,
    dossier: Dossier | None = None,
    roles: Collection[Role] = tuple(Role),
    urgent: bool = False,
) -> None:
    """To everybody who is an officer now, in one of `roles`.

    Args:
        urgent: to their phones, too, where they have one and `content` fits into a short message.
    """
    by_phone = urgent and Channel.SMS in content.channels
    async for officer in officers_at(now).filter(role__in=roles):
        await intend(
            content, key=f"{key}:officer:{officer.id}", channel=Channel.EMAIL,
            recipient=officer.mailbox, now=now, dossier=dossier,
        )  # fmt: skip
        if by_phone and officer.mobile:
            await intend(
                content, key=f"{key}:officer:{officer.id}:sms", channel=Channel.SMS,
                recipient=officer.mobile, now=now, dossier=dossier,
            )  # fmt: skip
