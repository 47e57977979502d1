from collections.abc import Iterator

import pytest

from bot.hsm.token import Token
from bot.sections.authority import KeyAlgorithm
from demo.peers.postfix import Postfix, postfix
from demo.peers.processes import free_port
from tests.outbox.world import Signer, a_token_signer


@pytest.fixture(scope="session")
def signer(post_token: Token) -> Signer:
    """The bot's own mail-signing key, on its token."""
    return a_token_signer(post_token, KeyAlgorithm.RSA_2048)


@pytest.fixture(scope="session")
def door_port() -> int:
    """Where the mail server expects our door; nobody is there."""
    return free_port()


@pytest.fixture(scope="session")
def mail_server(door_port: int) -> Iterator[Postfix]:
    with postfix(door_port) as server:
        yield server
