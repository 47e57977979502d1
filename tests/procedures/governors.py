"""Officers who govern, and their orders as rows: what is signed is not looked at here."""

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from tortoise.transactions import in_transaction

from bot.procedures.power import acts
from bot.procedures.power import proposing as power
from bot.procedures.power.acts import Asked, NewAgency
from bot.procedures.power.enrolment import fingerprint
from bot.register.lifecycle import Role, Verb
from bot.register.models import Officer, Order, Proposal
from bot.sections.officers import Officers
from tests.register.rows import NOW, a_mail, an_officer

TWO, ONE = Officers(signatures=2), Officers(signatures=1)


@cache
def key_of(name: str) -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@cache
def der(name: str, until: datetime = datetime(2030, 1, 1, tzinfo=UTC)) -> bytes:
    """A certificate of that name, always the same; who issued it is looked at elsewhere."""
    key = key_of(name)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = x509.CertificateBuilder(subject, subject, key.public_key(), 1)
    builder = builder.not_valid_before(NOW - timedelta(days=365)).not_valid_after(until)
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)


async def a_governor(name: str, **changes: Any) -> Officer:
    certificate = der(name)
    values = {
        "name": name, "mailbox": f"{name}@ca.example.gov.vn", "role": Role.GOVERN,
        "certificate": certificate, "fingerprint": fingerprint(certificate),
    }  # fmt: skip
    return await an_officer(**values | changes)


def an_agency(code: str = "cva", **changes: Any) -> NewAgency:
    values: dict[str, Any] = {
        "code": code,
        "name": "Trường THPT Chu Văn An",
        "province": "Hà Nội",
        "organization": "Trường THPT Chu Văn An",
        "mailbox": f"{code}@hanoiedu.edu.vn",
        "leaders": [der(f"leader of {code}")],
        "seals": [der(f"seal of {code}")],
        "reason": "Công văn số 12",
    }
    return NewAgency(**values | changes)


async def an_order(officer: Officer, verb: Verb, **changes: Any) -> Order:
    values: dict[str, Any] = {
        "officer": officer, "mail": await a_mail(), "verb": verb, "made_at": NOW,
    }  # fmt: skip
    return await Order.create(**values | changes)


async def propose(
    officer: Officer, asked: Asked | str, settings: Officers = TWO, now: datetime = NOW
) -> str:
    """What became of it: a code, or nothing."""
    text = asked if isinstance(asked, str) else acts.written(asked)
    async with in_transaction():
        order = await an_order(officer, Verb.PROPOSE)
        order.refused = await power.propose(order, officer, text, (), settings, now)
        await order.save()
    return order.refused


async def answer(
    officer: Officer,
    proposal: Proposal,
    verb: Verb = Verb.ACCEPT,
    settings: Officers = TWO,
    now: datetime = NOW,
) -> str:
    async with in_transaction():
        order = await an_order(officer, verb)
        order.refused = await power.answer(order, officer, proposal, settings, now)
        await order.save()
    return order.refused
