from datetime import datetime
from pathlib import Path

import pytest

from bot.inbox.archive import Archive
from tests.inbox.door import House


@pytest.fixture
def house(sqlite_register: Path, tmp_path: Path, now: datetime) -> House:
    """An archive and a register; `door()` opens a door to them."""
    return House(Archive(tmp_path / "archive"), now)
