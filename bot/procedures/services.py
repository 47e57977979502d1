"""What the hands of each queue are given, and no more; `app` makes it.

The `post` queue's is `bot.outbox.delivery.Post`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from cryptography import x509

from bot.ca.profiles import Addresses
from bot.ca.signing import PrivateKey
from bot.clock import Calendar
from bot.config import Settings
from bot.hsm.subject_keys import SubjectKeys
from bot.inbox.archive import Archive
from bot.signatures.examine import Examiner

CRL_FILE = "ca.crl"  # in the folder that the web serves
CERTIFICATE_FILE = "ca.cer"
RESPONDER_FILE = "ocsp.cer"
SERVICES_FOLDER = "services"  # certificates of our own services, each named by its serial
OCSP_PATH = "/ocsp"  # below the web's address


@dataclass(frozen=True)
class Vetting:
    """Queue `vet`: hostile bytes and rules; no token."""

    settings: Settings
    calendar: Calendar
    archive: Archive
    examiner: Examiner


@dataclass(frozen=True)
class Issuer:
    """The CA: its certificate, its key on the `ca` token, and where both are looked up."""

    certificate: x509.Certificate
    key: PrivateKey
    addresses: Addresses
    require_key: Callable[[], object]  # raises Unavailable while the key does not answer


@dataclass(frozen=True)
class Publishing:
    """Queue `urgent`: the `ca` token, the folder that the web serves, and a look from outside."""

    settings: Settings
    issuer: Issuer
    published: Path
    outside: httpx.AsyncClient  # where relying parties stand
    entries: dict[int, bytes] = field(default_factory=dict)  # of CRLs, by certificate: DER


@dataclass(frozen=True)
class Issuing:
    """Queue `ca`: the tokens `ca` and `subjects`."""

    settings: Settings
    issuer: Issuer
    subjects: SubjectKeys


@dataclass(frozen=True)
class Responding:
    """The web: the `ocsp` token and the folder that it serves."""

    settings: Settings
    published: Path
    find_key: Callable[[], PrivateKey]  # raises Unavailable or Misconfigured while there is none
