"""`bot certificate`: what was issued."""

from typing import Annotated, Any

import typer
from asn1crypto import pem
from asn1crypto import x509 as asn1

from bot.cli.output import Json, fail, show_list, show_record
from bot.cli.register import in_register
from bot.register.models import Certificate

cli = typer.Typer(help="Certificates and burnt serial numbers.", no_args_is_help=True)


@cli.command(name="list")
def list_(context: typer.Context, as_json: Json = False) -> None:
    """All certificates, newest first."""
    show_list(in_register(context.obj, _list), as_json=as_json, empty="No certificate yet.")


async def _list() -> list[dict[str, Any]]:
    return [
        {
            "serial": one.serial,
            "subscriber": one.subscriber.full_name,
            "status": one.status,
            "not_before": one.not_before,
            "not_after": one.not_after,
        }
        async for one in Certificate.all().order_by("-id").prefetch_related("subscriber")
    ]


@cli.command()
def show(
    context: typer.Context,
    serial: Annotated[str, typer.Argument(help="In hexadecimal.")],
    as_json: Json = False,
) -> None:
    """One certificate, with the dossier that asked for it, and its PEM."""
    show_record(in_register(context.obj, _show, serial), as_json=as_json)


async def _show(serial: str) -> dict[str, Any]:
    one = await Certificate.get_or_none(serial=serial.lower()).prefetch_related(
        "key", "item__dossier"
    )
    if one is None:
        raise fail(f"No certificate {serial}.", "See `bot certificate list`.")
    return {
        "serial": one.serial,
        "status": one.status,
        "subject": asn1.TbsCertificate.load(one.tbs)["subject"].human_friendly,
        "dossier": one.item.dossier.number,
        "row": one.item.position,
        "key": one.key.algorithm,
        "not_before": one.not_before,
        "not_after": one.not_after,
        "revoked_at": one.revoked_at,
        "reason": one.reason,
        "pem": _pem(one.der) if one.der else None,
    }


def _pem(der: bytes) -> str:
    armoured: bytes = pem.armor("CERTIFICATE", der)
    return armoured.decode()
