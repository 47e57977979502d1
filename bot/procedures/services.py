"""What the procedures are given; `app` makes it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509

from bot.ca.profiles import Addresses
from bot.ca.signing import PrivateKey
from bot.clock import Calendar
from bot.config import Settings
from bot.hsm.subject_keys import SubjectKeys
from bot.inbox.archive import Archive
from bot.outbox.delivery import Post
from bot.signatures.examine import Examiner


@dataclass(frozen=True)
class Issuer:
    """The CA: its certificate, its key on the `ca` token, and where both are looked up."""

    certificate: x509.Certificate
    key: PrivateKey
    addresses: Addresses
    published: Path  # folder that the web serves
    require_key: Callable[[], object]  # raises Unavailable while the key does not answer
    publishing: asyncio.Lock = field(default_factory=asyncio.Lock)  # one CRL at a time


@dataclass(frozen=True)
class Services:
    settings: Settings
    calendar: Calendar
    archive: Archive
    examiner: Examiner
    issuer: Issuer
    subjects: SubjectKeys
    post: Post
