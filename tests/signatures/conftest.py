"""One foreign PKI, two signers and one letter for all tests: keys take time to make."""

from collections.abc import Iterator

import pytest

from demo.foreign import ForeignPki, Signer
from tests.signatures.authority import Pki
from tests.signatures.builders import a_letter


@pytest.fixture(scope="session")
def pki() -> Iterator[ForeignPki]:
    """Its service is up, and no test changes it."""
    with ForeignPki() as made:
        yield made


@pytest.fixture(scope="session")
def leader(pki: ForeignPki) -> Signer:
    return pki.signer("Nguyễn Văn Hiệu Trưởng")


@pytest.fixture(scope="session")
def seal(pki: ForeignPki) -> Signer:
    return pki.signer("Trường THPT Chu Văn An", usage=["content_commitment"])


@pytest.fixture(scope="session")
def letter(leader: Signer, seal: Signer) -> bytes:
    return a_letter(leader, seal)


@pytest.fixture(scope="session")
def made() -> Pki:
    """A PKI without services, for signed mails; no test changes it."""
    return Pki.made()
