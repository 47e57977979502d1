"""Codes that people read from paper or a phone and type elsewhere."""

ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # base32 without 0, 1, I and O: nothing looks alike


def readable(data: bytes) -> str:
    """A character, five bits, for each byte."""
    return "".join(ALPHABET[byte % 32] for byte in data)


def grouped(code: str) -> str:
    """`code` in groups of four."""
    return "-".join(code[start : start + 4] for start in range(0, len(code), 4))


def ungrouped(typed: str) -> str:
    """The code somebody typed: upper case, without what is no letter or digit."""
    return "".join(filter(str.isalnum, typed)).upper()
