"""A dossier through the whole bot, with Twilio as its carrier."""

import asyncio
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot import app
from bot.register.lifecycle import Channel, NoticeStatus
from bot.register.models import Attempt, Dossier, Notice
from bot.sms.twilio_callbacks import INBOUND_PATH
from demo.foreign import ForeignPki
from demo.peers.processes import free_port
from demo.peers.twilio_account import TwilioPeer
from demo.school import School
from tests.dossiers.desk import plain_form
from tests.house import House, register_school, settings_for
from tests.sms.builders import settings_of

RECEIVER = "+84912345678"
TEACHER = "+84987654321"


async def test_messages_go_out_arrive_and_are_answered(
    founded: Path, token_home: Path, pki: ForeignPki, school: School, blank: bytes,
    peer: TwilioPeer, tmp_path: Path,
) -> None:  # fmt: skip
    home = shutil.copytree(founded, tmp_path / "home")
    (home / "auth-token").write_text(f"{peer.auth_token}\n")
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    sms = settings_of(
        peer, base_url=address, port=port, inbound="callback", auth_token_file="auth-token"
    )
    peer.inbound_url = f"{address}{INBOUND_PATH}"
    settings = settings_for(home, token_home, pki.address).model_copy(update={"sms": sms})
    async with app.embedded(settings) as running:
        await register_school(school, datetime.now(UTC) - timedelta(days=1))
        house = House(running, pki, school, plain_form(blank))
        await house.send(house.letter())
        await house.quiet()
        dossier = await Dossier.get()
        passcodes = peer.outbound(TEACHER)
        assert len(passcodes) == 1
        for message in peer.outbound():
            assert await asyncio.to_thread(peer.progress, message, "delivered") == 204
        sent = Notice.filter(channel=Channel.SMS, status=NoticeStatus.SENT)
        told = await sent.count()
        assert await Attempt.filter(delivered_at__isnull=False).count() == told == 3

        await asyncio.to_thread(peer.write, TEACHER, f"tra cứu {dossier.number}")
        await asyncio.to_thread(peer.write, "+84900000000", f"tra cứu {dossier.number}")
        await house.quiet()
        assert len(peer.outbound()) == told + 1
        assert peer.outbound(TEACHER)[-1].body.startswith(f"Ho so {dossier.number}: da co ket qua")
