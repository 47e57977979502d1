"""`bot init` and `forms`: the house itself, and the commands that stand alone."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress, SpinnerColumn, TextColumn

from bot import app, install
from bot.cli import reading
from bot.cli.doctor import doctor
from bot.cli.output import err, fail, out
from bot.cli.power import asked_for
from bot.cli.refusals import explained
from bot.cli.roles import callbacks, door, relay, run, web, worker
from bot.config import Settings
from bot.dossier.catalogue import FORMS
from bot.dossier.forms import blank_form
from bot.errors import Refused
from bot.files import replace
from bot.home import Home, read_certificate
from bot.procedures.power.acts import OfficerEntry
from bot.register.lifecycle import Role


def init(
    context: typer.Context,
    demo_root: Annotated[
        bool,
        typer.Option("--demo-root", help="Let a root made here sign the CA. Demonstrations only."),
    ] = False,
    answer: Annotated[
        Path | None,
        typer.Option(help="The CA's certificate (PEM or DER) as the root above issued it."),
    ] = None,
    officer_name: Annotated[str, typer.Option(help="The first officer.")] = "Cán bộ trực",
    officer_mailbox: Annotated[
        str, typer.Option(help="Where they are told of what waits for a person.")
    ] = "canbo@ca.example.gov.vn",
    officer_certificate: Annotated[
        Path | None,
        typer.Option(help="What they sign orders with: then they govern. Else they only watch."),
    ] = None,
    officer_mobile: Annotated[str, typer.Option(help="Their phone, for what is urgent.")] = "",
) -> None:
    """Make tokens, keys, certificates, register and folders. Repeating it is safe.

    Without an option it ends with a certificate request for the root above you.
    Bring the root's answer with --answer, or try the bot with --demo-root.

    The first officer who governs names the second alone: bot officer add --help
    """
    settings: Settings = context.obj
    officer = asked_for(
        OfficerEntry,
        {"name": "--officer-name", "certificate": "--officer-certificate"},
        name=officer_name,
        mailbox=reading.mailbox("--officer-mailbox", officer_mailbox),
        mobile=officer_mobile and reading.mobile("--officer-mobile", officer_mobile),
        role=Role.GOVERN if officer_certificate else Role.WATCH,
        certificate=reading.certificate(officer_certificate) if officer_certificate else None,
    )
    columns = SpinnerColumn(), TextColumn("{task.description}")
    with Progress(*columns, console=err, transient=True) as progress:
        progress.add_task("making tokens, keys and certificates …")
        for made in _install(settings, demo_root, answer):
            progress.console.print(f"made {made}", highlight=False, soft_wrap=True)
    for made in _named(settings, officer):
        err.print(f"made {made}", highlight=False, soft_wrap=True)
    home = Home(settings)
    if not home.ca_certificate.exists():
        out.print(
            f"Send {home.ca_request} to the root above you, then: bot init --answer FILE",
            highlight=False,
            soft_wrap=True,
        )


def _install(settings: Settings, demo_root: bool, answer: Path | None) -> Iterator[str]:
    yield from install.make_folders(settings)
    yield from install.make_tokens(settings)
    yield from install.make_keys(settings)
    yield from install.make_request(settings)
    if demo_root:
        yield from install.make_demo_root(settings, app.utc_now())
    elif answer:
        yield from install.accept_answer(settings, read_certificate(answer), app.utc_now())


def _named(settings: Settings, officer: OfficerEntry) -> list[str]:
    try:
        return asyncio.run(install.name_officer(settings, officer, app.utc_now()))
    except Refused as error:
        raise fail(*explained(error)) from None


def forms(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(help="Where the PDFs are written.")],
) -> None:
    """Write the blank fillable forms: mau-01.pdf (issue), 04 (renew, amend), 05 (revoke)."""
    folder.mkdir(parents=True, exist_ok=True)
    for form in FORMS.values():
        file = folder / f"mau-{form.number}.pdf"
        replace(file, blank_form(context.obj, form.procedure))
        out.print(str(file), highlight=False, soft_wrap=True)


def add_to(cli: typer.Typer) -> None:
    for command in (init, run, doctor, door, relay, worker, web, callbacks, forms):
        cli.command()(command)
