"""A letter's number and symbol (Decree 30/2020, annex I), in one spelling."""

import re

from bot.dossier.fields import folded


def canonical_number(number: str) -> str:
    """A letter's number so that one letter has one spelling: «Số: 05/THPTCVA-VP» is 5/thptcva-vp.

    Empty where it is no letter number (digits, a stroke, a symbol; at most 64 characters).
    """
    bare = re.sub(r"\s|^số\s*:?", "", folded(number))
    match = re.fullmatch(r"([0-9]{1,6})([a-zđ]?)/(\S{1,57})", bare)
    return f"{int(match[1])}{match[2]}/{match[3]}" if match else ""
