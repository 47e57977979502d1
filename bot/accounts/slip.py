"""The account slip (phiếu tài khoản): one page that says how to begin."""

import secrets
from dataclasses import asdict
from io import BytesIO
from typing import Final

import pikepdf

from bot.accounts.account import Minted
from bot.outbox.readable import grouped
from bot.outbox.render import Renderer
from bot.outbox.subscriber_notices import Credential
from bot.paper import draw

NAME = "phieu-tai-khoan.pdf"
AES_256: Final = 6  # ISO 32000-2 7.6.4.1, revision 6


def slip(
    credential: Credential, minted: Minted, code: str, *, passcode: str | None, renderer: Renderer
) -> bytes:
    """The slip as PDF, opened by `passcode` (AES-256) unless that is None. CPU work of 0.5 s."""
    page = renderer.page(
        "slip/slip.html",
        **asdict(credential),
        attempt=minted.attempt,
        expires=minted.expires,
        code=grouped(code),
    )
    pdf = draw(page)
    return pdf if passcode is None else _encrypted(pdf, passcode)


def _encrypted(pdf: bytes, passcode: str) -> bytes:
    """Without a second way in: nobody has the owner's password."""
    out = BytesIO()
    owner = secrets.token_urlsafe(32)
    with pikepdf.open(BytesIO(pdf)) as document:
        document.save(out, encryption=pikepdf.Encryption(owner=owner, user=passcode, R=AES_256))
    return out.getvalue()
