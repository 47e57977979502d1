"""What every test may ask for. Peers are real: a missing one is a failure."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime

import hypothesis
import pytest
from argon2 import PasswordHasher

from bot.accounts import account

pytest_plugins = ["tests.hsm_fixtures", "tests.registers", "tests.house", "tests.warm"]

# Examples take as long as the machine is busy; what hangs has pytest's timeout.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")


@pytest.fixture(scope="session", autouse=True)
def careful_hasher() -> Iterator[PasswordHasher]:
    """What makes guessing slow, a quarter of a second each time: tests need not wait for it."""
    with pytest.MonkeyPatch.context() as patch:
        careful = account.ARGON2
        patch.setattr(account, "ARGON2", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        yield careful


@pytest.fixture(scope="session", autouse=True)
def no_public_roots() -> Iterator[None]:
    """Nobody outside is spoken to: each client need not read every root that browsers know."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("SSL_CERT_FILE", raising=False)  # it would be read first
        patch.setenv("SSL_CERT_DIR", os.devnull)
        yield


# The longest first: a file that starts last would leave the other worker idle.
LONGEST = ("tests/crash/", "tests/year/", "tests/production/", "tests/test_demo.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: not item.nodeid.startswith(LONGEST))


@pytest.fixture
def now() -> datetime:
    """A working Monday morning in Hà Nội, some days before an exceptional holiday."""
    return datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
