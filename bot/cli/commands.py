"""Every command that works on a house; loading them loads the whole bot."""

import typer

from bot.cli import agency, certificate, dossier, house, mail, phone, rules, task

cli = typer.Typer()

house.add_to(cli)
cli.add_typer(agency.cli, name="agency")
cli.add_typer(mail.cli, name="mail")
cli.add_typer(dossier.cli, name="dossier")
cli.add_typer(certificate.cli, name="certificate")
cli.add_typer(phone.cli, name="phone")
cli.command()(rules.rules)
cli.add_typer(task.cli, name="task")
