import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from demo.school import School
from tests.cli.command import Bot, Desk, bots


@pytest.fixture(scope="package")
def bot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bot]:
    """On a home that `bot init --demo-root` has made."""
    with bots(tmp_path_factory.mktemp("cli") / "home") as bot:
        done = bot("init", "--demo-root")
        assert done.returncode == 0, done.stderr
        yield bot


@pytest.fixture
def desk(tmp_path: Path, blank_register: Path) -> Desk:
    """Commands in the test's process, on a register of the test's own."""
    shutil.copyfile(blank_register, tmp_path / "register.sqlite3")
    return Desk(tmp_path)


@pytest.fixture(scope="session")
def signers(school: School, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `leader.pem` and `seal.cer`."""
    folder = tmp_path_factory.mktemp("signers")
    (folder / "leader.pem").write_bytes(school.leader.certificate.public_bytes(Encoding.PEM))
    (folder / "seal.cer").write_bytes(school.seal.der)
    return folder
