"""The demonstration, played whole: real processes, checked from outside."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.mark.timeout(180)
def test_the_demonstration_ends_as_promised_whatever_lay_there(tmp_path: Path) -> None:
    for left_over in ("register.sqlite3", "softhsm", "bot.toml", "archive/ab"):
        (tmp_path / "demo" / left_over).mkdir(parents=True)
    done = subprocess.run(
        [sys.executable, "-m", "demo", str(tmp_path / "demo")],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == (
        "demo: 2 issued, 1 returned, 5 mails, 3 SMS; "
        "then 1 renewed, 1 amended, 1 held and issued, 1 revoked"
    )
