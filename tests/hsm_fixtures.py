"""SoftHSM tokens for the whole test run. One library a process, so one folder a process."""

from collections.abc import Callable
from pathlib import Path

import pytest

from bot.hsm import softhsm
from bot.hsm.token import Module, Token
from bot.sections.servers import Tokens

MODULE = Tokens().module
SPARE = ("test-spare", "test-pin")  # tokens that a test may ill-treat
LABELS = (Tokens().ca, Tokens().subjects, Tokens().ocsp, Tokens().post, *SPARE)


@pytest.fixture(scope="session")
def token_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the tokens (`softhsm/`) and of their PINs (`pins/<label>`)."""
    home = tmp_path_factory.mktemp("tokens")
    softhsm.initialise(home / "softhsm", {label: home / "pins" / label for label in LABELS})
    return home


@pytest.fixture(scope="session")
def open_token(token_home: Path) -> Callable[[str], Token]:
    """A token by label, opened with its PIN."""

    def open_token(label: str) -> Token:
        pin = (token_home / "pins" / label).read_text()
        return Token(Module.load(MODULE), label, pin)

    return open_token


@pytest.fixture(scope="session")
def ca_token(open_token: Callable[[str], Token]) -> Token:
    return open_token(Tokens().ca)


@pytest.fixture(scope="session")
def subjects_token(open_token: Callable[[str], Token]) -> Token:
    return open_token(Tokens().subjects)


@pytest.fixture(scope="session")
def post_token(open_token: Callable[[str], Token]) -> Token:
    return open_token(Tokens().post)


@pytest.fixture(scope="session")
def ocsp_token(open_token: Callable[[str], Token]) -> Token:
    return open_token(Tokens().ocsp)
