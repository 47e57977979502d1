from collections.abc import Iterator

import pytest

from demo.peers.twilio import twilio
from demo.peers.twilio_account import TwilioPeer


@pytest.fixture
def peer() -> Iterator[TwilioPeer]:
    """A stand-in for Twilio, of this test's own."""
    with twilio() as peer:
        yield peer
