"""What comes from outside is kept by every database, and reads back as it was written."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.register.columns import dumps
from bot.register.models import Dossier
from tests.register.rows import a_dossier

STORABLE = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | STORABLE,
    lambda inner: st.lists(inner) | st.dictionaries(STORABLE, inner),
)


@given(VALUES)
def test_what_can_be_kept_is_kept_as_it_is(value: Any) -> None:
    assert json.loads(dumps(value)) == value


@given(st.text(st.characters(categories=["Cs", "Cc", "Po", "Lu"])))
def test_the_rest_is_replaced_and_nothing_around_it(text: str) -> None:
    kept = json.loads(dumps({"x": text}))["x"]
    kept.encode()
    assert "\0" not in kept
    expected = text.replace("\0", "\ufffd").encode("utf-16", "surrogatepass")
    assert kept == expected.decode("utf-16", "replace")


@pytest.mark.usefixtures("register")
async def test_hostile_text_is_no_trouble_to_the_register() -> None:
    hostile = {"\0": ["\ud800", "a\\u0000b", "\\\0", "😀"]}
    dossier = await a_dossier(application=hostile)
    kept = (await Dossier.get(id=dossier.id)).application
    assert kept == {"\ufffd": ["\ufffd", "a\\u0000b", "\\\ufffd", "😀"]}
