import pytest

from tests.ca.builders import Chain, a_chain


@pytest.fixture(scope="session")
def chain() -> Chain:
    return a_chain()
