"""Characters that nobody sees, or takes for others: what is signed is what is read.

A hidden character or a letter of another script makes two texts that look the
same differ: it would carry a title past the rules, or a false name into a
certificate.
"""

import re
import unicodedata

from bot.ca.profiles import is_latin

# Unicode's Default_Ignorable_Code_Point beyond category C, and the blank Braille pattern.
IGNORABLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0"
    "\U000e0100-\U000e01ef]"
)


def is_strange(text: str) -> bool:
    """Whether `text` has a hidden character or a letter that is not Latin."""
    return any(_is_hidden(one) or (one.isalpha() and not is_latin(one)) for one in text)


def visible(text: str) -> str:
    """`text` without its hidden characters."""
    return "".join(one for one in text if not _is_hidden(one))


def _is_hidden(one: str) -> bool:
    """Controls, formats, surrogates, private and unassigned ones; white space is none of them."""
    unprinted = unicodedata.category(one).startswith("C") and not one.isspace()
    return unprinted or bool(IGNORABLE.match(one))
