"""What `bot doctor` looks at beyond this machine: mailboxes, broker, servers; the door, and
OCSP as others see it.
"""

import asyncio
import ssl
from datetime import datetime, timedelta
from typing import cast

from cryptography import x509
from dramatiq.brokers.rabbitmq import RabbitmqBroker
from dramatiq.errors import ConnectionClosed
from imapclient.exceptions import IMAPClientError
from pika.exceptions import (
    AMQPError,
    ConnectionClosedByBroker,
    ProbableAccessDeniedError,
    ProbableAuthenticationError,
)

from bot import app, tools
from bot.cli.parts import Duty, Look, needed_by, wrong
from bot.config import Settings
from bot.errors import Unavailable
from bot.home import Home, addresses, read_certificate
from bot.inbox.imap import Way
from bot.inbox.imap_secret import TokenUnavailable
from bot.inbox.imap_server import FolderMissing, LoginRefused
from bot.inbox.starttls import context
from bot.mailboxes import ways
from bot.outbox.submission import SubmissionTransport
from bot.procedures.status.seen import StatusUnseen, statuses_seen
from bot.register.tasks import Queue
from bot.sms.twilio import Twilio

RENEW_WITHIN = timedelta(days=30)


def _door_certificate(settings: Settings, now: datetime) -> str | None:
    door = settings.door
    if not door.certificate or not door.key:
        return "no STARTTLS"
    certificate = settings.under_home(door.certificate)
    context(certificate, settings.under_home(door.key))  # they fit, or it says what does not
    ends = x509.load_pem_x509_certificate(certificate.read_bytes()).not_valid_after_utc
    if ends < now + RENEW_WITHIN:
        begins = "has ended" if ends <= now else "ends"
        wrong(
            f"The door's certificate {begins} on {ends:%Y-%m-%d}.",
            f"Put a new one into {certificate}, and start the door again.",
        )
    return None


def _imap(settings: Settings, now: datetime) -> str | None:
    return "; ".join(map(_mailbox, ways(settings))) or None


def _mailbox(way: Way) -> str:
    """What it is good to know of a mailbox that lets us in."""
    account = way.account
    server = f"{account.host}:{account.port}"
    try:
        with way.logged_in() as mailbox:
            folder = mailbox.open(account.folder)
            lacks = mailbox.lacks(folder)
            too_big = len(mailbox.find(f"LARGER {way.size_limit}"))
    except (LoginRefused, FolderMissing) as refused:
        wrong(f"{account.mailbox}: {refused.what}", refused.remedy)
    except TokenUnavailable:
        wrong(f"{account.mailbox}: token_command prints no token.", "Try it by hand.")
    except ssl.SSLCertVerificationError:
        wrong(
            f"{account.mailbox}: {server} is not who it should be.",
            "Set host to a name in its certificate, and ca_file to the root above it.",
        )
    except (OSError, IMAPClientError, Unavailable):
        wrong(
            f"{account.mailbox}: {server} does not answer as an IMAP server with that tls does.",
            "See that it runs, and that host, port and tls of the account are right.",
        )
    notes = [f"no {', '.join(lacks)}"] if lacks else []
    notes += [f"{too_big} mails are larger than door.size_limit and stay"] if too_big else []
    return f"{account.mailbox} ({'; '.join(notes)})" if notes else account.mailbox


def _broker(settings: Settings, now: datetime) -> str | None:
    """Queues that are not there yet are declared, as every role does when it starts."""
    carrier = cast("RabbitmqBroker", app.carriers(settings, [Queue.URGENT])[Queue.URGENT])
    try:
        depths = {queue: carrier.get_queue_message_counts(queue)[0] for queue in Queue}
    except (
        ProbableAuthenticationError,
        ProbableAccessDeniedError,
        ConnectionClosedByBroker,
    ):
        wrong(
            "The broker does not let the bot in.",
            "Mend broker.url and broker.password_file, or that user's rights in the vhost.",
        )
    except (AMQPError, ConnectionClosed, OSError):
        wrong("The broker does not answer.", "See that it runs, and that broker.url names it.")
    finally:
        carrier.close()
    return ", ".join(f"{queue} {depth}" for queue, depth in depths.items() if depth) or None


def _mail_server(settings: Settings, now: datetime) -> str | None:
    way = tools.transport(settings)
    if not isinstance(way, SubmissionTransport):
        return "a Maildir"
    try:
        asyncio.run(way.check())
    except Unavailable:
        server = f"{settings.submission.host}:{settings.submission.port}"
        wrong(
            f"The mail server {server} does not answer.",
            "See that it runs, and that submission.host and submission.port name it.",
        )
    return None


def _carrier(settings: Settings, now: datetime) -> str | None:
    way = tools.gateway(settings)
    if not isinstance(way, Twilio):
        return "a folder"
    try:
        asyncio.run(way.check())
    except Unavailable:
        wrong(
            f"{settings.sms.twilio.address} does not answer.",
            "See that this machine may reach it (proxy, firewall).",
        )
    return None


def _callbacks(settings: Settings, now: datetime) -> None:
    app.signed_calls(settings)


def _ocsp(settings: Settings, now: datetime) -> None:
    issuer = read_certificate(Home(settings).ca_certificate)
    address = addresses(settings).ocsp

    async def ask() -> None:
        async with tools.outside() as client:
            await statuses_seen(address, [1], issuer, client, now)

    try:
        asyncio.run(ask())
    except StatusUnseen:
        wrong(
            f"{address} gives no answer that relying parties would believe.",
            "Start the bot (bot web), see that web.base_url leads to it, and look for ocsp "
            "in its log.",
        )


WORKERS = (Duty.URGENT, Duty.CA, Duty.VET, Duty.POST)

PEER_LOOKS = (
    Look("door certificate", _door_certificate, needed_by(Duty.DOOR)),
    Look("IMAP", _imap, needed_by(Duty.DOOR)),
    Look("broker", _broker, frozenset({Duty.RELAY, *WORKERS})),
    Look("OCSP", _ocsp, needed_by(Duty.URGENT, Duty.WEB)),
    Look("mail server", _mail_server, needed_by(Duty.POST)),
    Look("SMS carrier", _carrier, needed_by(Duty.POST)),
    Look("SMS callbacks", _callbacks, frozenset({Duty.CALLBACKS})),
)
