"""`bot agency signer`: whose certificate signs for an agency, as what, from when to when."""

from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Annotated

import typer
from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from tortoise.expressions import Q
from tortoise.queryset import QuerySet
from tortoise.transactions import in_transaction

from bot import app
from bot.cli.output import fail
from bot.cli.register import in_register
from bot.clock import HANOI
from bot.home import read_certificate
from bot.register import audit
from bot.register.lifecycle import Capacity
from bot.register.models import Agency, AgencySigner

DAY = ["%Y-%m-%d"]


def signer(
    context: typer.Context,
    code: Annotated[str, typer.Argument(help="The agency's code.")],
    certificate: Annotated[Path, typer.Argument(help="The signer's certificate, PEM or DER.")],
    capacity: Annotated[Capacity, typer.Option(help="In which capacity it signs.")],
    since: Annotated[
        datetime | None,
        typer.Option(formats=DAY, help="First day. Default: from this moment on."),
    ] = None,
    until: Annotated[
        datetime | None,
        typer.Option(formats=DAY, help="From this day on it signs no more. Default: no end."),
    ] = None,
) -> None:
    """Register another signer of an agency, or change the end of one.

    A certificate signs for one agency in one capacity at a time.
    """
    der = _der(read_certificate(certificate))
    days = [day and day.replace(tzinfo=HANOI) for day in (since, until)]
    in_register(context.obj, _signer, code, der, capacity, *days, app.utc_now())


async def _signer(
    code: str,
    der: bytes,
    capacity: Capacity,
    since: datetime | None,
    until: datetime | None,
    now: datetime,
) -> None:
    async with in_transaction():
        agency = await find_agency(code)
        entries = _overlapping(der, since or now, until if since else None)
        standing = await entries.filter(agency=agency, capacity=capacity).order_by("since").first()
        if standing is None:
            await enter(agency, der, capacity, since=since or now, until=until, now=now)
        elif since:
            raise fail(
                f"It is registered from {standing.since.astimezone(HANOI):%Y-%m-%d} on.",
                "To change its end, leave --since out.",
            )
        else:
            await _set_end(agency, standing, until, now)


async def find_agency(code: str) -> Agency:
    """The agency with that code; ends the command if there is none."""
    agency = await Agency.get_or_none(code=code)
    if agency is None:
        raise fail(f"No agency {code}.", "See `bot agency list`.")
    return agency


async def enter(
    agency: Agency,
    der: bytes,
    capacity: Capacity,
    *,
    since: datetime,
    until: datetime | None = None,
    now: datetime,
) -> None:
    """Register a signer, inside the caller's transaction; ends the command if it cannot be."""
    _require_order(since, until)
    await _require_free(_overlapping(der, since, until))
    signer = await AgencySigner.create(
        agency=agency,
        fingerprint=sha256(der).hexdigest(),
        certificate=der,
        name=asn1.Certificate.load(der).subject.native.get("common_name", ""),
        capacity=capacity,
        since=since,
        until=until,
    )
    await _record(agency, signer, "agency.signer", now)


async def _set_end(
    agency: Agency, signer: AgencySigner, until: datetime | None, now: datetime
) -> None:
    if signer.until == until:
        raise fail("It is registered so already.", "See `bot agency show`; --until ends it.")
    _require_order(signer.since, until)
    others = _overlapping(bytes(signer.certificate), signer.since, until)
    await _require_free(others.exclude(id=signer.id))
    signer.until = until
    await signer.save(update_fields=["until"])
    await _record(agency, signer, "agency.signer_until", now)


async def _record(agency: Agency, signer: AgencySigner, code: str, now: datetime) -> None:
    details = {
        "certificate": signer.fingerprint,
        "capacity": signer.capacity,
        "since": signer.since.isoformat(),
        "until": signer.until.isoformat() if signer.until else "",
    }
    await audit.append(
        agency.chain, code, because="officer.registered", now=now, subject=agency.id,
        details=details,
    )  # fmt: skip


def _overlapping(der: bytes, since: datetime, until: datetime | None) -> QuerySet[AgencySigner]:
    """Every entry of a certificate that is in force at some time of [since, until)."""
    entries = AgencySigner.filter(
        Q(until__isnull=True) | Q(until__gt=since), fingerprint=sha256(der).hexdigest()
    )
    return entries.filter(since__lt=until) if until else entries


async def _require_free(others: QuerySet[AgencySigner]) -> None:
    other = await others.first().prefetch_related("agency")
    if other:
        entry = f"{other.agency.code} FILE --capacity {other.capacity}"
        raise fail(
            f"{other.name} signs for agency {other.agency.code} as {other.capacity} "
            "with this certificate.",
            f"End that first: bot agency signer {entry} --until DATE",
        )


def _require_order(since: datetime, until: datetime | None) -> None:
    if until and until <= since:
        raise fail(
            f"It would end before it begins ({since.astimezone(HANOI):%Y-%m-%d %H:%M}).",
            "Give a later day as --until.",
        )


def _der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)
