"""`bot agency`: who may ask, and who may sign for them."""

from pathlib import Path
from typing import Annotated, Any

import typer

from bot.cli import reading
from bot.cli.by import By, signed
from bot.cli.output import Json, show_list, show_record
from bot.cli.power import Reason, asked_for, put_forward
from bot.cli.register import in_register
from bot.cli.signer import find_agency, signer
from bot.config import Settings
from bot.procedures.power.acts import NewAgency
from bot.register.models import Agency, AgencySigner

OPTIONS = {
    "": "--leader, --seal",
    "code": "CODE",
    "units": "--unit",
    "senders": "--sender",
    "domains": "--domain",
    "workplaces": "--workplace",
    "receiver": "--receiver-name",
    "leaders": "--leader",
    "seals": "--seal",
}
cli = typer.Typer(help="Agencies, their seals, leaders and mailboxes.", no_args_is_help=True)

Code = Annotated[str, typer.Argument(help="The agency's short code, such as thpt-chu-van-an.")]


@cli.command()
@signed
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
    by: By,
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
    reason: Reason = "",
) -> None:
    """Register an agency. Its signers are in force from when it is done.

    One officer who governs proposes it, another approves: see `bot proposal --help`.
    """
    asked = asked_for(
        NewAgency,
        OPTIONS,
        code=code,
        name=name,
        province=province,
        organization=organization,
        units=unit or (),
        mailbox=reading.mailbox("--mailbox", mailbox),
        senders=[reading.mailbox("--sender", one) for one in sender or ()],
        domains=[one.casefold() for one in domain or ()],
        workplaces=workplace or (),
        receiver={
            "full_name": receiver_name,
            "mobile": receiver_mobile and reading.mobile("--receiver-mobile", receiver_mobile),
            "mailbox": receiver_mailbox and reading.mailbox("--receiver-mailbox", receiver_mailbox),
        },
        leaders=[reading.certificate(path) for path in leader],
        seals=[reading.certificate(path) for path in seal],
        reason=reason,
    )
    put_forward(context.obj, asked, by)


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
