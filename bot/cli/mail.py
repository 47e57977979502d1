"""`bot mail`: what came in, and what became of it."""

from typing import Annotated, Any

import typer
from tortoise.functions import Count

from bot.cli.output import Json, fail, show_list, show_record
from bot.cli.register import in_register
from bot.home import Home
from bot.inbox.archive import Archive
from bot.register.lifecycle import MailStatus
from bot.register.models import Mail

cli = typer.Typer(help="Mails, each kept byte for byte.", no_args_is_help=True)

SHORT = 12  # digits of a digest that tell mails apart for people


@cli.command(name="list")
def list_(
    context: typer.Context,
    status: Annotated[MailStatus | None, typer.Option(help="Only those that stand so.")] = None,
    as_json: Json = False,
) -> None:
    """All mails, newest first."""
    show_list(in_register(context.obj, _list, status), as_json=as_json, empty="No such mail.")


async def _list(status: MailStatus | None) -> list[dict[str, Any]]:
    mails = Mail.filter(status=status) if status else Mail.all()
    return [
        {
            "mail": one.digest[:SHORT],
            "received": one.received_at,
            "mailbox": one.mailbox,
            "status": one.status,
            "dossiers": sorted(dossier.number for dossier in one.dossiers),
            "why": one.because,
        }
        async for one in mails.order_by("-id").prefetch_related("dossiers")
    ]


@cli.command()
def show(
    context: typer.Context,
    digest: Annotated[str, typer.Argument(help="SHA-256 of the mail, or how it begins.")],
    as_json: Json = False,
) -> None:
    """One mail, and where its bytes lie."""
    archive = Archive(Home(context.obj).archive)
    show_record(in_register(context.obj, _show, digest, archive), as_json=as_json)


async def _show(digest: str, archive: Archive) -> dict[str, Any]:
    found = (
        await Mail.filter(digest__startswith=digest.lower())
        .order_by("digest", "is_trial")  # tried out, and then sent in earnest: the latter counts
        .limit(3)
        .prefetch_related("dossiers")
    )
    if len({one.digest for one in found}) != 1:
        many = "Several mails begin" if found else "No mail begins"
        raise fail(f"{many} with {digest}.", "See `bot mail list`.")
    one = found[0]
    return {
        "mail": one.digest,
        "received": one.received_at,
        "mailbox": one.mailbox,
        "envelope_from": one.envelope_from,
        "size": one.size,
        "status": one.status,
        "why": one.because,
        "dossiers": sorted(dossier.number for dossier in one.dossiers),
        "bytes": str(archive.path(one.digest)),
    }


@cli.command()
def count(context: typer.Context, as_json: Json = False) -> None:
    """How many mails came to what, and why; what nobody answered is counted, too."""
    show_list(in_register(context.obj, _count), as_json=as_json, empty="No mail has come.")


async def _count() -> list[dict[str, Any]]:
    groups = Mail.annotate(mails=Count("id")).group_by("mailbox", "status", "because")
    return [
        {"mailbox": mailbox, "status": status, "why": because, "mails": mails}
        for mailbox, status, because, mails in await groups.order_by(
            "mailbox", "status", "because"
        ).values_list("mailbox", "status", "because", "mails")
    ]
