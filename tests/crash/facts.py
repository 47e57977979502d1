"""What must be true of a house in the end, however often it was killed on the way."""

import re
import subprocess
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from email.message import Message
from typing import Any

from cryptography import x509
from tortoise.transactions import in_transaction

from bot.accounts.account import ActivationRefused, activate
from bot.app import utc_now
from bot.config import Settings
from bot.home import Home
from bot.outbox.subscriber_notices import Mac, Passcode
from bot.register import audit
from bot.register.audit import Event
from bot.register.lifecycle import CertificateStatus, Channel
from bot.register.models import (
    Account,
    Attempt,
    Certificate,
    Dossier,
    Inbound,
    Item,
    Mail,
    Notice,
    SubjectKey,
    Subscriber,
    Task,
)

OFTEN = ("crl.publish", "certificate.reserve", "certificate.burn")  # as often as it takes
PASSCODE = re.compile(r"\b[A-Z2-9]{12}\b")
CODE = re.compile(r"\b[A-Z2-9]{4}(?:-[A-Z2-9]{4}){3}\b")


async def facts(
    settings: Settings,
    mac: Mac,
    mails: Sequence[Message],
    messages: Sequence[tuple[str, str]],
) -> dict[str, Any]:
    """The same for every run, killed or not, but for what `test_crash.expected` says.

    Args:
        mac: of the `post` token.
        mails: every copy of every mail.
        messages: every SMS: what the register knows it by, and its text.
    """
    burnt = [one.serial for one in await Certificate.filter(status=CertificateStatus.BURNT)]
    of_the_valid = Certificate.filter(status=CertificateStatus.VALID)
    return {
        "mails": await Mail.all().order_by("id").values_list("status", flat=True),
        "dossiers": await Dossier.all().order_by("number").values_list("number", "status"),
        "items": await Item.all().order_by("dossier__number", "position").values_list(
            "dossier__number", "position", "status"
        ),
        "valid": await of_the_valid.order_by("item__place").values_list("item__place", flat=True),
        "signing": await Certificate.filter(status=CertificateStatus.SIGNING).count(),
        "burnt": len(burnt),
        "burnt not in CRL": sorted(set(burnt) - _listed(Home(settings))),
        "keys": await SubjectKey.all().count(),
        "subscribers": await Subscriber.all().count(),
        "accounts": await Account.all().count(),
        "inbound": await Inbound.all().count(),
        "notices": sorted(
            await Notice.all().values_list("kind", "channel", "recipient", "status")
        ),
        **await _copies(
            [*(str(mail["Message-ID"]) for mail in mails), *(name for name, _ in messages)]
        ),
        "still to do": sorted(
            [kind, bool(parked), error]
            for kind, parked, error in await Task.all().values_list(
                "kind", "parked_at", "last_error"
            )
        ),
        "events": sorted(
            Counter(await Event.exclude(code__in=OFTEN).values_list("code", flat=True)).items()
        ),
        "broken chains": [
            chain
            for chain in set(await Event.all().values_list("chain", flat=True))
            async for _ in audit.broken(str(chain))
        ],
        "slips": await _slips(settings, mac, mails, [text for _, text in messages]),
    }  # fmt: skip


def _listed(home: Home) -> set[str]:
    if not home.crl.exists():
        return set()
    return {f"{one.serial_number:x}" for one in x509.load_der_x509_crl(home.crl.read_bytes())}


async def _copies(names: Sequence[str]) -> dict[str, Any]:
    """Of each notice that left, how many copies of each of its attempts did."""
    left = Counter(names)
    copies: dict[tuple[int, Channel], list[int]] = {}
    for attempt in await Attempt.all().order_by("number").prefetch_related("notice"):
        known = {attempt.message_id, attempt.reference or ""}
        place = copies.setdefault((attempt.notice.id, attempt.notice.channel), [])
        place.extend(left.pop(name) for name in known & left.keys())
    return {
        "copies of mails": sorted(how for (_, to), how in copies.items() if to == Channel.EMAIL),
        "copies of SMS": sorted(how for (_, to), how in copies.items() if to == Channel.SMS),
        "of no notice": sorted(left.elements()),
    }


class Untried(Exception):
    """What was tried is taken back."""


async def _slips(
    settings: Settings, mac: Mac, mails: Sequence[Message], messages: Sequence[str]
) -> list[dict[str, bool]]:
    """Of each slip that was mailed, the oldest first: was its passcode told, is its code good?

    The subscriber tries them in that order; it is taken back.
    """
    found = []
    with suppress(Untried):
        async with in_transaction():
            found = await _try_slips(settings, mac, mails, messages)
            raise Untried
    return found


async def _try_slips(
    settings: Settings, mac: Mac, mails: Sequence[Message], messages: Sequence[str]
) -> list[dict[str, bool]]:
    told = {passcode for text in messages for passcode in PASSCODE.findall(text)}
    found = []
    for attempt in await Attempt.filter(notice__kind="credential").order_by("number"):
        notice = await attempt.notice
        mail = next((one for one in mails if one["Message-ID"] == attempt.message_id), None)
        if mail is None:
            continue
        passcode = Passcode("", notice.account_id, attempt.number).code(mac)
        good = await _opens(settings, notice.recipient, _code(mail, passcode))
        found.append({"passcode told": passcode in told, "code good": good})
        told.discard(passcode)
    if told:
        found.append({"passcode told": True, "code good": False})  # of a slip that nobody has
    return found


async def _opens(settings: Settings, login: str, code: str) -> bool:
    try:
        await activate(login, code, limits=settings.accounts, now=utc_now())
    except ActivationRefused:
        return False
    return True


def _code(mail: Message, passcode: str) -> str:
    [slip] = [part for part in mail.walk() if part.get_content_type() == "application/pdf"]
    content = slip.get_payload(decode=True)
    assert isinstance(content, bytes)
    read = subprocess.run(
        ["pdftotext", "-upw", passcode, "-", "-"],
        input=content, capture_output=True, check=True,
    )  # fmt: skip
    [code] = set(CODE.findall(read.stdout.decode()))
    return str(code)
