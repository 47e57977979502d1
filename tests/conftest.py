"""What every test may ask for. Peers are real: a missing one is a failure."""

from datetime import UTC, datetime

import hypothesis
import pytest

pytest_plugins = ["tests.hsm_fixtures", "tests.registers", "tests.house"]

# Examples take as long as the machine is busy; what hangs has pytest's timeout.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")


@pytest.fixture
def now() -> datetime:
    """A working Monday morning in Hà Nội, some days before an exceptional holiday."""
    return datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
