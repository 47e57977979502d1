"""Every code is sorted once, and the documents say where."""

import re
from itertools import combinations
from pathlib import Path

import pytest

from bot.sms.gateway import Failure
from bot.sms.twilio_codes import CODES, failure_of

NOTICES = Path(__file__).parents[2] / "docs/notices.md"
ROW = re.compile(r"^\| `(sms\.\w+)` \| [^|]* \| ([0-9, ]+) \|", re.MULTILINE)


def test_every_failure_has_codes_and_every_code_one_failure() -> None:
    assert set(CODES) == set(Failure)
    assert not any(one & other for one, other in combinations(CODES.values(), 2))


def test_the_documents_list_them() -> None:
    listed = {
        code: frozenset(map(int, numbers.split(", ")))
        for code, numbers in ROW.findall(NOTICES.read_text())
    }
    assert listed == {failure.code: codes for failure, codes in CODES.items()}


@pytest.mark.parametrize(
    ("code", "status", "failure"),
    [
        (21211, 400, Failure.NUMBER),
        (None, 401, Failure.ACCOUNT),
        (12345, 403, Failure.ACCOUNT),
        (12345, 400, Failure.REFUSED),
        (None, 400, Failure.REFUSED),
    ],
)
def test_a_new_code_goes_by_its_status(code: int | None, status: int, failure: Failure) -> None:
    assert failure_of(code, status) is failure
