import pytest

from bot.hsm.token import Token
from bot.sections.authority import KeyAlgorithm
from tests.outbox.world import Signer, a_token_signer


@pytest.fixture(scope="session")
def signer(post_token: Token) -> Signer:
    """The bot's own mail-signing key, on its token."""
    return a_token_signer(post_token, KeyAlgorithm.RSA_2048)
