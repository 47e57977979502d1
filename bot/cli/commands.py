"""Every command that works on a house; loading them loads the whole bot."""

import typer

from bot.cli import (
    agency,
    audit,
    board,
    certificate,
    decisions,
    dossier,
    house,
    mail,
    officer,
    orders,
    pausing,
    phone,
    proposal,
    revocation,
    rules,
    task,
)

cli = typer.Typer()

house.add_to(cli)
cli.command()(board.board)
cli.command()(pausing.pause)
cli.command()(pausing.resume)
cli.add_typer(agency.cli, name="agency")
cli.add_typer(officer.cli, name="officer")
cli.add_typer(proposal.cli, name="proposal")
cli.add_typer(orders.cli, name="order")
cli.add_typer(mail.cli, name="mail")
cli.add_typer(dossier.cli, name="dossier")
cli.add_typer(certificate.cli, name="certificate")
cli.add_typer(phone.cli, name="phone")
cli.command()(rules.rules)
cli.add_typer(task.cli, name="task")
cli.add_typer(audit.cli, name="audit")

dossier.cli.command()(decisions.accept)
dossier.cli.command(name="return")(decisions.return_)
dossier.cli.command()(decisions.hold)
certificate.cli.command()(revocation.revoke)
