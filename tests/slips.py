"""Account slips without looks: to lay the real one out takes a fifth of a second.

Real ones are tried with what makes them (tests/accounts), by the demonstration and by
every process of its own.
"""

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager

import pikepdf
import pytest
from pikepdf import Dictionary, Name

from bot.accounts import slip


@contextmanager
def plain_slips() -> Iterator[None]:
    """Bots in this process draw such slips, while the block runs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(slip, "draw", plainly)
        yield


def plainly(html: str) -> bytes:
    """What stands on the page, in one line; of its letters, those that any font has."""
    text = re.sub(r"<style>.*</style>|<[^>]*>|[\\()]", " ", html, flags=re.DOTALL)
    shown = " ".join(text.split()).encode("ascii", "replace")
    font = Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Courier)
    with pikepdf.new() as pdf:
        page = pdf.add_blank_page()
        page.Resources = Dictionary(Font=Dictionary(F=font))
        page.Contents = pdf.make_stream(b"BT /F 1 Tf 9 9 Td (" + shown + b") Tj ET")
        pdf.save(saved := io.BytesIO())
    return saved.getvalue()
