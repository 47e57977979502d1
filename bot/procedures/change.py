"""Change: renew (RFC 3647 4.6), amend (4.8), or both in one row; two commits (certify.py).

A renewed certificate has the same content and the same key, unless that key is
weaker than those made now; the one before is left to expire unused. An amended
one has the same key and the same end, and the one before is revoked at once, with
all of its line. What no certificate bears changes in the register only.

Nothing takes the place of a certificate that is not its holder's current one any
more: a revocation, or another change, has come first.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from tortoise.transactions import in_transaction

from bot.accounts.account import follow_mailbox
from bot.dossier.amendments import Thing
from bot.dossier.application import as_json
from bot.dossier.change_rules import outrun
from bot.dossier.terms import WORDS
from bot.errors import Conflict, Refused
from bot.outbox.agency_notices import Moved
from bot.outbox.delivery import intend
from bot.outbox.subscriber_notices import Changed
from bot.outbox.values import NewValue
from bot.procedures.certify import hand_over, hold, lay_down, reserve, signed, tried_key, wanted
from bot.procedures.close import close_if_done
from bot.procedures.lines import (
    destroy_keys_made_in_vain,
    destroy_unneeded_keys,
    in_force,
    line_of,
)
from bot.procedures.remind import remind
from bot.procedures.services import Issuing
from bot.procedures.status.publish import burn_interrupted
from bot.procedures.wish import Wish, content_of, key_of, wish_of
from bot.register import tasks
from bot.register.lifecycle import CertificateMove, Channel, ItemMove
from bot.register.models import Account, Certificate, Item, Subscriber
from bot.register.tasks import Lease

PRIVATE = frozenset({Thing.MOBILE, Thing.PERSONAL_NUMBER})


class Outrun(Conflict):
    """The certificate is not its holder's current one any more, or not of that agency."""

    code = "certificate.outrun"


class Taken(Refused):
    """Somebody else has that mailbox, or that personal number, by now."""

    code = "subscriber.taken"


async def change(lease: Lease, services: Issuing, now: datetime) -> None:
    """Do what one accepted row asks; or tell that something else came first."""
    item = await wanted(lease)
    wish = await wish_of(item)
    try:
        if wish.renews or wish.amends:
            await _replace(wish, item, lease, services, now)
        else:
            await _register_only(wish, item, lease, now)
    except Outrun:
        await _give_way(item, lease, services, now)


async def _replace(wish: Wish, item: Item, lease: Lease, services: Issuing, now: datetime) -> None:
    """A new certificate takes the place of the old one."""
    await _require_current(wish, now)
    key = key_of(wish, services.settings.issuing.algorithm) or await tried_key(item)
    laid = await lay_down(content_of(wish, services, now), key, services, now)
    async with in_transaction():  # (a)
        await lease.check()
        await hold(item)
        await _require_current(wish, now)
        await _require_free(wish)
        certificate = await reserve(
            laid, item, wish.subscriber, now,
            replaces=wish.old, renewals=wish.old.renewals + wish.renews,
        )  # fmt: skip
    der = await signed(laid, services)
    async with in_transaction():  # (b)
        await hold(item)
        await _require_current(wish, now)
        await Certificate.filter(id=wish.old.id).update(current_of=None)
        await hand_over(certificate, der, item, now)
        await remind(certificate, services.settings, now)
        if wish.amends:
            await _revoke_line(wish, certificate, now)
        account = await _register(wish, item, now)
        await _tell(wish, certificate, account, item, now)
        await close_if_done(item.dossier, now)
        await lease.end()


async def _register_only(wish: Wish, item: Item, lease: Lease, now: datetime) -> None:
    """The certificate stays: it bears nothing of what changes."""
    async with in_transaction():
        await lease.check()
        await hold(item)
        await _require_current(wish, now)
        await item.make(ItemMove.FINISH, because="register.changed", now=now)
        account = await _register(wish, item, now)
        await _tell(wish, wish.old, account, item, now)
        await close_if_done(item.dossier, now)
        await lease.end()


async def _give_way(item: Item, lease: Lease, services: Issuing, now: datetime) -> None:
    """What came first stands; what was reserved meanwhile is never used."""
    told = outrun(WORDS[services.settings.terms], item.position)
    async with in_transaction():
        await lease.check()
        await hold(item)
        await burn_interrupted(item, now)
        await item.make(
            ItemMove.WITHDRAW, because=Outrun.code, now=now, faults=[*item.faults, as_json(told)]
        )
        await destroy_keys_made_in_vain(item, now)
        await close_if_done(item.dossier, now)
        await lease.end()


async def _require_current(wish: Wish, now: datetime) -> None:
    """Go on only while the old certificate is its holder's current one, and the agency's to change.

    It is held until the caller's transaction ends.

    Raises:
        Outrun: it was revoked or replaced, has ended, or its holder has moved away.
    """
    async with in_transaction():
        old = await Certificate.locked(wish.old.id)
        await old.fetch_related("subscriber")
    if not in_force(old, now) or old.current_of != old.subscriber_id:
        raise Outrun
    if old.subscriber.agency_id != wish.agency.id and not wish.is_let_pass:
        raise Outrun


async def _require_free(wish: Wish) -> None:
    """One mailbox, one subscriber; one personal number, one person.

    Raises:
        Taken: an officer acts next.
    """
    others = Subscriber.exclude(id=wish.subscriber.id)
    mailbox = wish.amendment.value(Thing.MAILBOX)
    number = wish.amendment.value(Thing.PERSONAL_NUMBER)
    if mailbox and await others.filter(mailbox=mailbox).exists():
        raise Taken
    if number and await others.filter(personal_number=number).exists():
        raise Taken


async def _revoke_line(wish: Wish, certificate: Certificate, now: datetime) -> None:
    """What the certificates before say is not so any more; a key that none needs is destroyed."""
    line = await line_of(certificate)
    for one in line:
        if one.id != certificate.id and in_force(one, now):
            await one.make(
                CertificateMove.REVOKE, because=wish.reason, now=now, for_item=None,
                current_of=None, revoked_at=now, reason=wish.reason,
            )  # fmt: skip
            await tasks.call(tasks.Kind.PUBLISH, one.id, due=now)
    await destroy_unneeded_keys(line, now)


async def _register(wish: Wish, item: Item, now: datetime) -> Account:
    """The person as they are from now on; the account stays theirs."""
    await _require_free(wish)
    subscriber = await Subscriber.filter(id=wish.subscriber.id).select_for_update().get()
    subscriber.full_name = wish.then(Thing.FULL_NAME, subscriber.full_name)
    subscriber.mailbox = wish.then(Thing.MAILBOX, subscriber.mailbox)
    subscriber.mobile = wish.then(Thing.MOBILE, subscriber.mobile)
    subscriber.personal_number = wish.then(Thing.PERSONAL_NUMBER, subscriber.personal_number)
    subscriber.agency = wish.agency
    await subscriber.save()
    if things := " ".join(one.thing for one in _changes(wish)):
        await item.record("subscriber.change", because="rules.passed", now=now, things=things)
    account = await follow_mailbox(subscriber, now=now)
    account.subscriber = subscriber
    return account


async def _tell(
    wish: Wish, certificate: Certificate, account: Account, item: Item, now: datetime
) -> None:
    """The subscriber, at the former mailbox too; and the agency that they have left."""
    before, subscriber = wish.subscriber, account.subscriber
    told = Changed(
        number=item.dossier.number,
        full_name=subscriber.full_name,
        agency=wish.agency.name,
        login=account.login,
        serial=certificate.serial,
        not_before=certificate.not_before,
        not_after=certificate.not_after,
        replaced="" if certificate.id == wish.old.id else wish.old.serial,
        is_renewed=wish.renews,
        is_amended=wish.amends,
        has_new_key=certificate.key_id != wish.old.key_id,
        changes=tuple(_changes(wish)),
    )
    await intend(
        told, key=f"changed:{item.id}", channel=Channel.EMAIL,
        recipient=subscriber.mailbox, now=now, dossier=item.dossier,
    )  # fmt: skip
    if before.mailbox != subscriber.mailbox:  # perhaps somebody else's by now
        known = tuple(change for change in told.changes if change.thing not in PRIVATE)
        await intend(
            replace(told, changes=known), key=f"changed:{item.id}:former", channel=Channel.EMAIL,
            recipient=before.mailbox, now=now, dossier=item.dossier,
        )  # fmt: skip
    if wish.has_moved:
        left = before.agency
        moved = Moved(left.name, before.full_name, wish.old.serial, wish.agency.name, now)
        await intend(
            moved, key=f"moved:{item.id}", channel=Channel.EMAIL,
            recipient=left.mailbox, now=now, dossier=item.dossier,
        )  # fmt: skip


def _changes(wish: Wish) -> Iterator[NewValue]:
    """What is otherwise from now on; what no register of ours has is not."""
    for thing in (Thing.FULL_NAME, Thing.MAILBOX, Thing.MOBILE, Thing.PERSONAL_NUMBER):
        if value := wish.amendment.value(thing):
            yield NewValue(thing, value)
    if wish.amends and wish.is_elsewhere:
        yield NewValue(Thing.WORKPLACE, ", ".join(wish.agency.path))
