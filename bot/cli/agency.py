"""`bot agency`: who may ask, and who may sign for them."""

import asyncio
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any

import typer
from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from tortoise.transactions import in_transaction

from bot import app
from bot.ca.profiles import NameUnfit, Subject
from bot.cli.output import Json, fail, show_list, show_record
from bot.config import Settings
from bot.home import Home, read_certificate
from bot.register import audit, connection
from bot.register.lifecycle import Capacity
from bot.register.models import Agency, AgencySigner

cli = typer.Typer(help="Agencies, their seals, leaders and mailboxes.", no_args_is_help=True)

Code = Annotated[str, typer.Argument(help="The agency's short code, such as thpt-chu-van-an.")]


@cli.command()
def add(
    context: typer.Context,
    code: Code,
    name: Annotated[str, typer.Option(help="Full official name.")],
    province: Annotated[str, typer.Option(help="L of its subscribers' certificates.")],
    organization: Annotated[
        str, typer.Option(help="O: the first level of its official path; at most 64 characters.")
    ],
    mailbox: Annotated[str, typer.Option(help="Its official mailbox: every answer goes there.")],
    leader: Annotated[
        list[Path], typer.Option(help="Certificate of a person who may sign as leader.")
    ],
    seal: Annotated[list[Path], typer.Option(help="Certificate of the organisation's seal.")],
    unit: Annotated[
        list[str] | None, typer.Option(help="OU: further levels, outermost first.")
    ] = None,
    sender: Annotated[
        list[str] | None, typer.Option(help="Another mailbox that its dossiers may come from.")
    ] = None,
    domain: Annotated[
        list[str] | None,
        typer.Option(help="Mail domain of its staff. Default: the setting rules.mail_domains."),
    ] = None,
    workplace: Annotated[
        list[str] | None, typer.Option(help="A unit of its own that rows may name as workplace.")
    ] = None,
    receiver_name: Annotated[str, typer.Option(help="Who receives results there.")] = "",
    receiver_mobile: Annotated[str, typer.Option(help="Their mobile phone.")] = "",
    receiver_mailbox: Annotated[str, typer.Option(help="Their official mailbox.")] = "",
) -> None:
    """Register an agency. Its signers are in force from now on."""
    _require_fitting(province, organization, unit or [], mailbox)
    entry = {
        "code": code,
        "name": name,
        "province": province,
        "organization": organization,
        "units": unit or [],
        "mailbox": mailbox.casefold(),
        "senders": [one.casefold() for one in sender or []],
        "domains": [one.casefold() for one in domain or []],
        "workplaces": workplace or [],
        "receiver": {
            "full_name": receiver_name, "mobile": receiver_mobile, "mailbox": receiver_mailbox,
        },
    }  # fmt: skip
    signers = [(Capacity.LEADER, read_certificate(path)) for path in leader]
    signers += [(Capacity.ORGANISATION, read_certificate(path)) for path in seal]
    asyncio.run(_add(context.obj, entry, signers, app.utc_now()))


def _require_fitting(province: str, organization: str, units: list[str], mailbox: str) -> None:
    """Names that no certificate has room for are found now, not at the first dossier."""
    try:
        Subject(province, organization, tuple(units), "Nguyễn Văn A", mailbox)
    except NameUnfit as unfit:
        raise fail(
            f"{unit_name(unfit.attribute)} does not fit into a certificate.",
            "At most 64 characters: use the official short form.",
        ) from None


def unit_name(attribute: str) -> str:
    return {"L": "--province", "O": "--organization", "OU": "--unit", "E": "--mailbox"}[attribute]


async def _add(
    settings: Settings,
    entry: dict[str, Any],
    signers: list[tuple[Capacity, x509.Certificate]],
    now: datetime,
) -> None:
    async with connection.opened(Home(settings).register):
        if await Agency.exists(code=entry["code"]):
            raise fail(f"Agency {entry['code']} is registered.", "See `bot agency list`.")
        async with in_transaction():
            agency = await Agency.create(**entry, registered_at=now)
            for capacity, certificate in signers:
                await _add_signer(agency, capacity, certificate, now)


async def _add_signer(
    agency: Agency, capacity: Capacity, certificate: x509.Certificate, now: datetime
) -> None:
    der = certificate.public_bytes(Encoding.DER)
    fingerprint = sha256(der).hexdigest()
    await AgencySigner.create(
        agency=agency,
        fingerprint=fingerprint,
        certificate=der,
        name=asn1.Certificate.load(der).subject.native.get("common_name", ""),
        capacity=capacity,
        since=now,
    )
    await audit.append(
        agency.chain, "agency.signer", because="officer.registered", now=now, subject=agency.id,
        details={"certificate": fingerprint, "capacity": capacity},
    )  # fmt: skip


@cli.command(name="list")
def list_(context: typer.Context, as_json: Json = False) -> None:
    """All agencies."""
    rows = asyncio.run(_list(context.obj))
    show_list(rows, as_json=as_json, empty="No agency yet: bot agency add --help")


async def _list(settings: Settings) -> list[dict[str, Any]]:
    async with connection.opened(Home(settings).register):
        return [
            {"code": one.code, "name": one.name, "province": one.province, "mailbox": one.mailbox}
            async for one in Agency.all().order_by("code")
        ]


@cli.command()
def show(context: typer.Context, code: Code, as_json: Json = False) -> None:
    """One agency with its signers."""
    show_record(asyncio.run(_show(context.obj, code)), as_json=as_json)


async def _show(settings: Settings, code: str) -> dict[str, Any]:
    async with connection.opened(Home(settings).register):
        agency = await Agency.get_or_none(code=code)
        if agency is None:
            raise fail(f"No agency {code}.", "See `bot agency list`.")
        signers = await AgencySigner.filter(agency=agency).order_by("since", "id")
        return {
            "code": agency.code,
            "name": agency.name,
            "subject": [agency.province, agency.organization, *agency.units],
            "mailboxes": sorted(agency.mailboxes),
            "domains": agency.domains or settings.rules.mail_domains,
            "workplaces": agency.workplaces,
            "receiver": agency.receiver,
            "signers": [
                {
                    "capacity": one.capacity,
                    "name": one.name,
                    "since": one.since,
                    "until": one.until,
                    "certificate": one.fingerprint,
                }
                for one in signers
            ],
        }
