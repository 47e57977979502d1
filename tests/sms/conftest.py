from collections.abc import Iterator

import pytest

from demo.peers.twilio import TwilioPeer, twilio


@pytest.fixture
def peer() -> Iterator[TwilioPeer]:
    """A stand-in for Twilio, of this test's own."""
    with twilio() as peer:
        yield peer
