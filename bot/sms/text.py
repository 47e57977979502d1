"""What fits in a message: accents, alphabets and parts (3GPP TS 23.038, 23.040)."""

import unicodedata

GSM_7 = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_7_EXTENSION = frozenset("^{}\\[~]|€\f")  # an escape and a septet each

_LETTERS_OF_THEIR_OWN = str.maketrans("đĐ", "dD")  # no decomposition takes their stroke away
_TYPOGRAPHY = str.maketrans(
    {"–": "-", "—": "-", "“": '"', "”": '"', "‘": "'", "’": "'", "…": "..."}
)


def unaccent(text: str) -> str:
    """`text` in NFC, without diacritics or typographic marks."""
    bare = text.translate(_LETTERS_OF_THEIR_OWN).translate(_TYPOGRAPHY)
    letters = (c for c in unicodedata.normalize("NFD", bare) if not unicodedata.combining(c))
    return unicodedata.normalize("NFC", "".join(letters))


def septets(text: str) -> list[int] | None:
    """What each character takes of the GSM 7-bit alphabet, or None when it needs UCS-2."""
    if not GSM_7.union(GSM_7_EXTENSION).issuperset(text):
        return None
    return [2 if c in GSM_7_EXTENSION else 1 for c in text]


def parts(text: str) -> int:
    """How many messages a carrier charges for `text` (sent in NFC)."""
    text = unicodedata.normalize("NFC", text)
    if (sizes := septets(text)) is not None:
        return _parts(sizes, alone=160, joined=153)
    return _parts([2 if ord(c) > 0xFFFF else 1 for c in text], alone=70, joined=67)


def one_part(text: str) -> bool:
    return parts(text) == 1


def _parts(sizes: list[int], *, alone: int, joined: int) -> int:
    """Parts that are joined again lose room to a header, and no character is cut in two."""
    if sum(sizes) <= alone:
        return 1
    count, room = 1, joined
    for size in sizes:
        if size > room:
            count, room = count + 1, joined
        room -= size
    return count
