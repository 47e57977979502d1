"""The case files: lists as agencies send them, and what must be found in each."""

from pathlib import Path

import pytest

from bot.dossier.catalogue import FORMS
from bot.dossier.form import Procedure
from tests.dossier.sheets import findings, from_csv

CASES = sorted((Path(__file__).parent.parent / "dossiers/sheets").glob("*.csv"))


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_what_is_found_is_what_the_case_says(case: Path) -> None:
    procedure = Procedure(case.stem.partition("-")[0])
    expected = case.with_suffix(".findings").read_text().splitlines()
    assert findings(from_csv(case), procedure) == expected


def test_there_are_cases() -> None:
    assert {case.stem.partition("-")[0] for case in CASES} == set(FORMS)
