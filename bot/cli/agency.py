"""`bot agency`: who may ask, and who may sign for them."""

import re
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from cryptography.hazmat.primitives.serialization import Encoding
from tortoise.transactions import in_transaction

from bot import app
from bot.ca.profiles import NameUnfit, Subject
from bot.cli import reading
from bot.cli.output import Json, fail, show_list, show_record
from bot.cli.register import in_register
from bot.cli.signer import enter, find_agency, signer
from bot.config import Settings
from bot.home import read_certificate
from bot.register import audit
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
    _require_fitting(code, name, province, organization, unit or [])
    entry = {
        "code": code,
        "name": name,
        "province": province,
        "organization": organization,
        "units": unit or [],
        "mailbox": reading.mailbox("--mailbox", mailbox),
        "senders": [reading.mailbox("--sender", one) for one in sender or []],
        "domains": [one.casefold() for one in domain or []],
        "workplaces": workplace or [],
        "receiver": {
            "full_name": receiver_name,
            "mobile": receiver_mobile and reading.mobile("--receiver-mobile", receiver_mobile),
            "mailbox": receiver_mailbox and reading.mailbox("--receiver-mailbox", receiver_mailbox),
        },
    }
    signers = [(_der(path), Capacity.LEADER) for path in leader]
    signers += [(_der(path), Capacity.ORGANISATION) for path in seal]
    if len({der for der, _ in signers}) < len(signers):
        raise fail(
            "A certificate is given twice.", "Leaders and seal sign with one of their own each."
        )
    in_register(context.obj, _add, entry, signers, app.utc_now())


def _require_fitting(
    code: str, name: str, province: str, organization: str, units: list[str]
) -> None:
    """What no register or certificate has room for is found now, not at the first dossier."""
    if not re.fullmatch(r"[A-Za-z0-9._-]{1,32}", code):
        raise fail(f"{code} is no code.", "Use 1 to 32 letters, digits, dots and hyphens.")
    if not 0 < len(name) <= 255:
        raise fail("--name is empty or too long.", "Use 1 to 255 characters.")
    try:
        Subject(province, organization, tuple(units), "Nguyễn Văn A", "a@b.vn")
    except NameUnfit as unfit:
        option = {"L": "--province", "O": "--organization", "OU": "--unit"}[unfit.attribute]
        raise fail(
            f"{option} does not fit into a certificate.",
            "1 to 64 characters: use the official short form.",
        ) from None


def _der(path: Path) -> bytes:
    return read_certificate(path).public_bytes(Encoding.DER)


async def _add(entry: dict[str, Any], signers: list[tuple[bytes, Capacity]], now: datetime) -> None:
    async with in_transaction():
        if await Agency.exists(code=entry["code"]):
            raise fail(f"Agency {entry['code']} is registered.", "See `bot agency list`.")
        agency = Agency(**entry, registered_at=now)
        await _require_own_mailboxes(agency)
        await agency.save()
        await audit.append(
            agency.chain, "agency.register", because="officer.registered", now=now,
            subject=agency.id,
        )  # fmt: skip
        for der, capacity in signers:
            await enter(agency, der, capacity, since=now, now=now)


async def _require_own_mailboxes(agency: Agency) -> None:
    """From tells which agency a mail may be from: no mailbox is two agencies'."""
    async for other in Agency.all():
        for shared in agency.mailboxes & other.mailboxes:
            raise fail(
                f"{shared} is a mailbox of agency {other.code}.",
                f"See `bot agency show {other.code}`; each agency has its own.",
            )


@cli.command(name="list")
def list_(context: typer.Context, as_json: Json = False) -> None:
    """All agencies."""
    show_list(
        in_register(context.obj, _list),
        as_json=as_json,
        empty="No agency yet: bot agency add --help",
    )


async def _list() -> list[dict[str, Any]]:
    return [
        {"code": one.code, "name": one.name, "province": one.province, "mailbox": one.mailbox}
        async for one in Agency.all().order_by("code")
    ]


@cli.command()
def show(context: typer.Context, code: Code, as_json: Json = False) -> None:
    """One agency with its signers."""
    show_record(in_register(context.obj, _show, code, context.obj), as_json=as_json)


async def _show(code: str, settings: Settings) -> dict[str, Any]:
    agency = await find_agency(code)
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


cli.command()(signer)
