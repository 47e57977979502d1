"""What the hands of each queue work with, without a token: keys are the machine's own."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
)

from bot.ca.certificate import sign
from bot.errors import Unavailable
from bot.hsm.subject_keys import WrappedKey
from bot.procedures import certify, revoke
from bot.procedures.services import Issuer, Issuing, Publishing, Vetting
from bot.register.tasks import Queue
from bot.sections.authority import KeyAlgorithm
from tests.ca.builders import ADDRESSES, a_chain

CHAIN = a_chain()  # takes its time


class Away(Unavailable):
    """The token does not answer."""

    code = "test.away"


class SoftKeys:
    """Subject keys, wrapped in nothing."""

    def generate(self, algorithm: KeyAlgorithm) -> WrappedKey:
        key = ec.generate_private_key(ec.SECP256R1())
        blob = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        public_key = key.public_key()
        spki = public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return WrappedKey(KeyAlgorithm.EC_P256, blob, spki)

    @contextmanager
    def unwrapped(self, key: WrappedKey) -> Iterator[Any]:
        yield load_der_private_key(key.blob, None)


class Tools:
    """The tools of each queue; while `is_away`, the CA's token does not sign."""

    def __init__(self, vetting: Vetting) -> None:
        keys: Any = SoftKeys()
        nobody: Any = None  # nothing is asked from outside
        issuer = Issuer(CHAIN.issuer, CHAIN.key, ADDRESSES, lambda: None)
        published = vetting.settings.home / "published"
        self.is_away = False
        self.of: Mapping[Queue, Any] = {
            Queue.VET: vetting,
            Queue.CA: Issuing(vetting.settings, issuer, keys),
            Queue.URGENT: Publishing(vetting.settings, issuer, published, nobody),
        }

    def take_their_places(self, put: Callable[[Any, str, Any], object]) -> None:
        """Of the token that signs, and of relying parties, who see everything at once."""
        put(certify, "sign", self._sign)
        put(revoke, "status_is_seen", _seen)

    def _sign(self, *args: Any) -> Any:
        if self.is_away:
            raise Away
        return sign(*args)


async def _seen(*_: Any) -> None:
    pass
