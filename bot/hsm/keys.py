"""Keys of a token as `cryptography` keys, and the secret keys beside them.

Certificate, CSR, CRL, OCSP and PKCS#7 builders take these private keys as they
take their own. Only digests travel to the device.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, contextmanager
from typing import Any, NoReturn

import pkcs11
from asn1crypto import algos
from asn1crypto.core import OctetString
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.utils import Buffer
from pkcs11 import Attribute, KeyType, MechanismFlag, ObjectClass
from pkcs11.mechanisms import Mechanism
from pkcs11.util.ec import encode_named_curve_parameters

from bot.errors import Conflict
from bot.hsm.token import Session, Token
from bot.sections.authority import KeyAlgorithm

PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey
PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

# Lends the python-pkcs11 private key, in a session of which the borrower has exclusive use.
Borrow = Callable[[], AbstractContextManager[Any]]

RSA_BITS = {KeyAlgorithm.RSA_2048: 2048, KeyAlgorithm.RSA_3072: 3072}
CURVES: dict[KeyAlgorithm, ec.EllipticCurve] = {
    KeyAlgorithm.EC_P256: ec.SECP256R1(),
    KeyAlgorithm.EC_P384: ec.SECP384R1(),
}
CURVES_BY_PARAMETERS = {
    encode_named_curve_parameters(curve.name): curve for curve in CURVES.values()
}

SIGNING = MechanismFlag.SIGN | MechanismFlag.VERIFY
STAYS_INSIDE: dict[int, Any] = {Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False}


class KeyExists(Conflict):
    """A key with that label is on the token already."""

    code = "hsm.key_exists"


class _DeviceKey:
    """What both kinds of key share: a public key, and a way to borrow the private one."""

    def __init__(self, public_key: Any, borrow: Borrow) -> None:
        self._public_key = public_key
        self._borrow = borrow

    def public_key(self) -> Any:
        return self._public_key

    @property
    def key_size(self) -> int:
        return int(self._public_key.key_size)

    def __copy__(self) -> Any:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        return self

    def _stays_inside(self, *_: object) -> NoReturn:
        raise UnsupportedAlgorithm("The private key stays on the device and only signs.")

    private_numbers = private_bytes = decrypt = exchange = _stays_inside


class DeviceRSAPrivateKey(_DeviceKey, rsa.RSAPrivateKey):
    """Signs RSASSA-PKCS1-v1_5 (RFC 8017, 8.2) on the device."""

    def sign(self, data: bytes, padding: Any, algorithm: Any) -> bytes:
        """Raises UnsupportedAlgorithm for any other padding, HsmUnavailable as the token does."""
        if not isinstance(padding, PKCS1v15):
            raise UnsupportedAlgorithm("Only PKCS #1 v1.5 signatures are made.")
        info = algos.DigestInfo(
            {
                "digest_algorithm": {"algorithm": algorithm.name},
                "digest": _digest(data, algorithm),
            }
        )
        with self._borrow() as key:
            return bytes(key.sign(info.dump(), mechanism=Mechanism.RSA_PKCS))


class DeviceEllipticCurvePrivateKey(_DeviceKey, ec.EllipticCurvePrivateKey):
    """Signs ECDSA on the device."""

    @property
    def curve(self) -> ec.EllipticCurve:
        curve: ec.EllipticCurve = self._public_key.curve
        return curve

    def sign(self, data: Buffer, signature_algorithm: Any) -> bytes:
        """An Ecdsa-Sig-Value (RFC 3279, 2.2.3); raises HsmUnavailable as the token does."""
        digest = _digest(data, signature_algorithm.algorithm)
        with self._borrow() as key:
            plain = bytes(key.sign(digest, mechanism=Mechanism.ECDSA))  # r ‖ s
        half = len(plain) // 2
        return encode_dss_signature(
            int.from_bytes(plain[:half], "big"), int.from_bytes(plain[half:], "big")
        )


def private_key(public_key: PublicKey, borrow: Borrow) -> PrivateKey:
    """The `cryptography` key whose private half `borrow` lends."""
    if isinstance(public_key, rsa.RSAPublicKey):
        return DeviceRSAPrivateKey(public_key, borrow)
    return DeviceEllipticCurvePrivateKey(public_key, borrow)


def find_key(token: Token, label: str) -> PrivateKey:
    """The key pair named `label`; safe to share between threads.

    Raises:
        KeyMissing: the token has none, or several.
        HsmUnavailable, Misconfigured: as `Token.session`.
    """

    @contextmanager
    def borrow() -> Any:
        with token.session() as session:
            yield session.find(ObjectClass.PRIVATE_KEY, label)

    with token.session() as session:
        session.find(ObjectClass.PRIVATE_KEY, label)
        public_key = read_public_key(session.find(ObjectClass.PUBLIC_KEY, label))
    return private_key(public_key, borrow)


def generate_key(token: Token, label: str, algorithm: KeyAlgorithm) -> PrivateKey:
    """Make a key pair that never leaves the token, for signing only.

    Raises:
        KeyExists: the label is taken.
        HsmUnavailable, Misconfigured: as `Token.session`.
    """
    with token.session() as session:
        _require_free(session, ObjectClass.PRIVATE_KEY, label)
        generate_pair(session, algorithm, private_template=STAYS_INSIDE, label=label, store=True)
    return find_key(token, label)


def generate_pair(session: Session, algorithm: KeyAlgorithm, **options: Any) -> Any:
    """The (public, private) objects of a new pair that can sign, nothing else.

    Args:
        options: `private_template`, `label`, `store` of python-pkcs11.
    """
    if algorithm in RSA_BITS:
        return session.raw.generate_keypair(
            KeyType.RSA, RSA_BITS[algorithm], capabilities=SIGNING, **options
        )
    curve = encode_named_curve_parameters(CURVES[algorithm].name)
    parameters = session.raw.create_domain_parameters(
        KeyType.EC, {Attribute.EC_PARAMS: curve}, local=True
    )
    return parameters.generate_keypair(capabilities=SIGNING, **options)


def read_public_key(key: Any) -> PublicKey:
    """A public key object of the token as a `cryptography` key."""
    if key.key_type is KeyType.RSA:
        exponent, modulus = (
            int.from_bytes(key[attribute], "big")
            for attribute in (Attribute.PUBLIC_EXPONENT, Attribute.MODULUS)
        )
        return rsa.RSAPublicNumbers(exponent, modulus).public_key()
    return ec.EllipticCurvePublicKey.from_encoded_point(
        CURVES_BY_PARAMETERS[key[Attribute.EC_PARAMS]],
        OctetString.load(key[Attribute.EC_POINT]).native,
    )


def generate_secret(token: Token, label: str) -> None:
    """Make a 256-bit HMAC key that never leaves the token.

    Raises:
        KeyExists: the label is taken.
        HsmUnavailable, Misconfigured: as `Token.session`.
    """
    with token.session() as session:
        _require_free(session, ObjectClass.SECRET_KEY, label)
        session.raw.generate_key(
            KeyType.GENERIC_SECRET,
            256,
            label=label,
            store=True,
            capabilities=SIGNING,
            template=STAYS_INSIDE,
        )


def mac(token: Token, label: str, data: bytes) -> bytes:
    """HMAC-SHA256 (32 bytes) of `data` under the secret named `label`.

    Raises:
        KeyMissing: the token has no such secret.
        HsmUnavailable, Misconfigured: as `Token.session`.
    """
    with token.session() as session:
        secret = session.find(ObjectClass.SECRET_KEY, label)
        return bytes(secret.sign(data, mechanism=Mechanism.SHA256_HMAC))


def _require_free(session: Session, kind: pkcs11.ObjectClass, label: str) -> None:
    if session.all(kind, label):
        raise KeyExists(label)


def _digest(data: Buffer, algorithm: hashes.HashAlgorithm) -> bytes:
    hashing = hashes.Hash(algorithm)
    hashing.update(data)
    return hashing.finalize()
