from pathlib import Path

import pytest

from bot.sms.folder import FileGateway
from bot.sms.gateway import GatewayUnavailable


async def test_a_reference_is_one_message_however_often_it_is_sent(tmp_path: Path) -> None:
    gateway = FileGateway(tmp_path / "sms")
    await gateway.send("+84912345678", "Ho so HS-2026-000001", "notice-7", since=None)
    await gateway.send("+84912345678", "other words", "notice-7", since=None)
    [file] = (tmp_path / "sms").iterdir()
    assert file.name == "notice-7.txt"
    assert file.read_text() == "To: +84912345678\n\nHo so HS-2026-000001\n"
    assert file.stat().st_mode & 0o077 == 0


async def test_a_folder_that_cannot_be_written_is_tried_again_later(tmp_path: Path) -> None:
    (tmp_path / "sms").write_text("in the way")
    with pytest.raises(GatewayUnavailable) as caught:
        await FileGateway(tmp_path / "sms").send(
            "+84912345678", "secret words", "notice-7", since=None
        )
    assert "secret" not in str(caught.value)
