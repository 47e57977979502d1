"""A valid row of each table, and of what it hangs on."""

import itertools
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.ca.certificate import new_serial
from bot.register.lifecycle import Act, Capacity, Channel
from bot.register.living import Living
from bot.register.models import (
    Account,
    Agency,
    AgencySigner,
    Attempt,
    Certificate,
    Dossier,
    Item,
    Mail,
    Notice,
    Officer,
    Proposal,
    SubjectKey,
    Subscriber,
)

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
_numbers = itertools.count(1)


async def an_agency(**changes: Any) -> Agency:
    values: dict[str, Any] = {
        "code": f"CVA{next(_numbers)}",
        "name": "Trường THPT Chu Văn An",
        "province": "Hà Nội",
        "organization": "Sở Giáo dục và Đào tạo Hà Nội",
        "mailbox": "cva@hanoiedu.vn",
        "registered_at": NOW,
    }
    return await Agency.create(**values | changes)


async def a_signer(**changes: Any) -> AgencySigner:
    values: dict[str, Any] = {
        "agency": await an_agency(),
        "fingerprint": secrets.token_hex(32),
        "certificate": b"der",
        "name": "Trường THPT Chu Văn An",
        "capacity": Capacity.ORGANISATION,
        "since": NOW,
    }
    return await AgencySigner.create(**values | changes)


async def an_officer(**changes: Any) -> Officer:
    values: dict[str, Any] = {
        "name": "Cán bộ",
        "mailbox": f"canbo{next(_numbers)}@ca.example.gov.vn",
        "since": NOW - timedelta(days=365),
    }
    return await Officer.create(**values | changes)


async def a_mail(**changes: Any) -> Mail:
    values: dict[str, Any] = {
        "digest": secrets.token_hex(32),
        "size": 1_000,
        "mailbox": "hoso@ca.example.gov.vn",
        "envelope_from": "cva@hanoiedu.vn",
        "received_at": NOW,
    }
    return await Mail.create(**values | changes)


async def a_dossier(**changes: Any) -> Dossier:
    number = next(_numbers)
    values: dict[str, Any] = {
        "number": f"HS-2026-{number:06}",
        "mail": await a_mail(),
        "part": 1,
        "place": f"{number}/1",
        "agency": await an_agency(),
        "letter_digest": "0" * 64,
        "received_at": NOW,
        "due_at": NOW,
    }
    return await Dossier.create(**values | changes)


async def an_item(**changes: Any) -> Item:
    values: dict[str, Any] = {
        "dossier": await a_dossier(),
        "position": 1,
        "place": f"{next(_numbers)}/1",
        "asked": {"full_name": "Nguyễn Thị Hồng Ánh"},
    }
    return await Item.create(**values | changes)


async def a_subscriber(**changes: Any) -> Subscriber:
    values: dict[str, Any] = {
        "personal_number": f"0{next(_numbers):011}",
        "full_name": "Nguyễn Thị Hồng Ánh",
        "mailbox": "ntha@hanoiedu.vn",
        "mobile": "+84912345678",
        "agency": await an_agency(),
    }
    return await Subscriber.create(**values | changes)


async def a_key(**changes: Any) -> SubjectKey:
    values: dict[str, Any] = {
        "subscriber": await a_subscriber(),
        "algorithm": "ec-p256",
        "public_key": b"spki",
        "fingerprint": secrets.token_hex(32),
        "blob": b"wrapped",
        "made_at": NOW,
    }
    return await SubjectKey.create(**values | changes)


async def a_certificate(**changes: Any) -> Certificate:
    key = await a_key()
    values: dict[str, Any] = {
        "item": await an_item(),
        "key": key,
        "subscriber_id": key.subscriber_id,
        "serial": f"{new_serial():x}",
        "tbs": b"tbs",
        "not_before": NOW,
        "not_after": NOW,
    }
    return await Certificate.create(**values | changes)


async def an_account(**changes: Any) -> Account:
    values: dict[str, Any] = {
        "subscriber": await a_subscriber(),
        "login": f"ntha{next(_numbers)}@hanoiedu.vn",
    }
    return await Account.create(**values | changes)


async def a_notice(**changes: Any) -> Notice:
    values: dict[str, Any] = {
        "key": f"receipt:{next(_numbers)}",
        "kind": "receipt",
        "channel": Channel.EMAIL,
        "recipient": "cva@hanoiedu.vn",
        "data": {"number": "HS-2026-000001"},
        "dossier": await a_dossier(),
        "made_at": NOW,
    }
    return await Notice.create(**values | changes)


async def an_attempt(**changes: Any) -> Attempt:
    values: dict[str, Any] = {
        "notice": await a_notice(),
        "number": 1,
        "message_id": f"<{next(_numbers)}@ca.example.gov.vn>",
        "made_at": NOW,
    }
    return await Attempt.create(**values | changes)


async def a_proposal(**changes: Any) -> Proposal:
    number = next(_numbers)
    values: dict[str, Any] = {
        "number": f"DX-2026-{number:06}",
        "act": Act.AGENCY,
        "content": {},
        "code": f"{number:08}",
        "made_at": NOW,
        "expires_at": NOW + timedelta(days=7),
    }
    return await Proposal.create(**values | changes)


LIVING = (a_mail, a_dossier, an_item, a_certificate, an_account, a_notice, a_proposal)
EVERYTHING = (*LIVING, a_signer, an_officer, an_attempt)


async def of(life: type[Living]) -> Living:
    """A new row of that life."""
    kinds = (Mail, Dossier, Item, Certificate, Account, Notice, Proposal)
    builders = dict(zip(kinds, LIVING, strict=True))
    return await builders[life]()
