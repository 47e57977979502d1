"""The Postfix of the tests and the demonstration, seen from the Internet and from the door."""

import asyncio
import smtplib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, Envelope, Session

from demo.peers.postfix import OFFICIAL, Postfix

AGENCY = "vanthu@thpt.edu.vn"
RAW = b"From: vanthu@thpt.edu.vn\r\nSubject: x\r\n\r\n.\r\nKinh gui\r\n"


@dataclass
class Door:
    """Somebody who takes mail by LMTP."""

    came: asyncio.Queue[Envelope] = field(default_factory=asyncio.Queue)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        self.came.put_nowait(envelope)
        return "250 2.0.0 Stored"

    @asynccontextmanager
    async def at(self, port: int) -> AsyncIterator[None]:
        loop = asyncio.get_running_loop()
        async with await loop.create_server(lambda: LMTP(self, loop=loop), "127.0.0.1", port):
            yield


def send(server: Postfix, to: str) -> None:
    with smtplib.SMTP("127.0.0.1", server.inbound, timeout=30) as client:
        client.sendmail(AGENCY, to, RAW)


async def test_mail_for_an_official_mailbox_waits_for_the_door(
    mail_server: Postfix, door_port: int
) -> None:
    await asyncio.to_thread(send, mail_server, OFFICIAL)  # nobody is there yet
    door = Door()
    async with door.at(door_port), asyncio.timeout(10):
        came = await door.came.get()
    assert (came.mail_from, came.rcpt_tos) == (AGENCY, [OFFICIAL])
    assert isinstance(came.original_content, bytes)
    assert came.original_content.endswith(RAW)
    assert b"(Postfix)" in came.original_content


async def test_other_mail_from_outside_is_not_relayed(mail_server: Postfix) -> None:
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        await asyncio.to_thread(send, mail_server, "c3chuvanan@hanoiedu.vn")
