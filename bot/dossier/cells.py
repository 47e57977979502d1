"""One cell of a list that holds more than a word: several values, a tick, a kind of device."""

import re

from bot.dossier.fields import normal, plain
from bot.dossier.terms import CENTRALISED

_DATE = r"(?<![0-9])[0-9]{1,2}/[0-9]{1,2}/[0-9]{4}(?![0-9])"
_LABELS = re.compile(
    r"^(?:ngày cấp|nơi cấp|cấp ngày|cấp tại|ngày|tại|do|cấp|số)\b[\s:.]*", re.IGNORECASE
)
_AROUND = " \t\r\n,;:/|-–."
TICKED = {"x", "v", "co", "1", "true", "yes", "✓", "✔", "☑", "☒"}
UNTICKED = {"", "khong", "0", "false", "no", "-", "☐"}
RSSP = "rssp"  # remote signing service provider: how the portal calls what is done here


def identity_of(cell: str) -> dict[str, str]:
    """Number, date and place out of «001185012345, 10/05/2021, Cục …», in that order.

    Without exactly one date nothing tells where one ends: all of it is the number then.
    """
    dates = re.findall(_DATE, cell)
    if len(dates) != 1:
        return {"personal_number": _bare(cell), "issued_on": "", "issued_by": ""}
    number, _, place = cell.partition(dates[0])
    return {
        "personal_number": _bare(re.sub(r"(?i)\s*(ngày cấp|cấp ngày|ngày|cấp)[\s:]*$", "", number)),
        "issued_on": dates[0],
        "issued_by": normal(_bare(place)),
    }


def issue_of(cell: str) -> dict[str, str]:
    """Date and place out of «10/05/2021, Cục …»."""
    found = identity_of(cell)
    if found["personal_number"]:  # something stands before the date, or there is none
        return {"issued_on": normal(cell), "issued_by": ""}
    return {"issued_on": found["issued_on"], "issued_by": found["issued_by"]}


def ticked(cell: str) -> bool | None:
    """Whether a box is ticked; None where nobody can tell."""
    mark = plain(cell)
    if mark in TICKED:
        return True
    return False if mark in UNTICKED else None


def is_centralised(device: str) -> bool:
    return RSSP in plain(device).split() or plain(CENTRALISED) in plain(device)


def _bare(text: str) -> str:
    """Without labels and the signs around it."""
    text = text.strip(_AROUND)
    while (shorter := _LABELS.sub("", text).strip(_AROUND)) != text:
        text = shorter
    return text
