"""Killed before and after every commit and every outside effect, and started again.

Each row ends with exactly one certificate and key, one live credential, and
each notice exactly once.
"""

import asyncio
import json
import shutil
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.inbox import intake
from bot.inbox.archive import Archive
from bot.register import connection
from bot.register.models import Officer
from demo.foreign import ForeignPki
from demo.school import TEACHERS, School
from tests.dossiers.desk import plain_form
from tests.house import OFFICER, OFFICIAL, a_mail, register_school

ROWS = TEACHERS[:2]  # one good, one faulty
POINTS = {"vet": 10, "issue": 14, "post": 14}  # fewer would mean that none were laid


@pytest.fixture
async def folder(
    founded: Path, pki: ForeignPki, school: School, blank: bytes, tmp_path: Path
) -> Path:
    """`start`: a home where one mail was acknowledged, and nothing more."""
    now = datetime.now(UTC)
    start = tmp_path / "start"
    await asyncio.to_thread(shutil.copytree, founded, start)
    raw = a_mail(school.write(plain_form(blank), ROWS, now.date())).as_bytes()
    async with connection.opened(start / "register.sqlite3"):
        await register_school(school, now - timedelta(days=1))
        await Officer.create(name="Cán bộ trực", mailbox=OFFICER)
        await intake.store(
            Archive(start / "archive"), raw, mailbox=OFFICIAL, envelope_from="", now=now
        )
    return tmp_path


@pytest.mark.timeout(400)
@pytest.mark.parametrize("stage", ["vet", "issue", "post"])
async def test_killed_at_every_point_the_end_is_the_same(
    folder: Path, token_home: Path, pki: ForeignPki, stage: str
) -> None:
    zygote = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.crash.zygote"),
        *(str(folder), str(token_home), pki.address, stage),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    said, complaint = await zygote.communicate()
    assert zygote.returncode == 0, complaint.decode()
    undisturbed, *killed = [json.loads(line) for line in said.decode().splitlines()]
    facts = undisturbed["facts"]
    assert facts["items"] == ["done", "returned"]
    assert (facts["valid"], facts["activated"], facts["still to do"]) == ([1], 1, [])
    assert len(killed) >= POINTS[stage]
    for run in killed:
        assert run["facts"] == facts, run["point"]
