"""Subscribers' keys: made on the token, wrapped there, kept outside as blobs.

A key-encryption key (KEK) that never leaves the token wraps each private key
(AES key wrap with padding, RFC 5649). An unwrapped key is a session object that
lives as long as one use of it. docs/hsm.md says why nobody can read one, not
even with the PIN.
"""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from secrets import token_bytes
from typing import Any

import pkcs11
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
)
from pkcs11 import Attribute, KeyType, MechanismFlag, ObjectClass
from pkcs11.exceptions import PKCS11Error
from pkcs11.mechanisms import Mechanism

from bot.errors import Misconfigured
from bot.hsm.cryptoki import UNWRAP_TEMPLATE
from bot.hsm.keys import (
    RSA_BITS,
    STAYS_INSIDE,
    KeyExists,
    PrivateKey,
    PublicKey,
    generate_pair,
    private_key,
    read_public_key,
)
from bot.hsm.token import Session, Token
from bot.sections.authority import KeyAlgorithm

# What an unwrap must ask for, else the device refuses it (CKA_UNWRAP_TEMPLATE). The class keeps
# a private key from coming back as a secret key, from which other keys could be derived.
ONLY_AS: dict[int, Any] = {Attribute.CLASS: ObjectClass.PRIVATE_KEY, **STAYS_INSIDE}

# python-pkcs11 names these in every unwrap unless told not to; a private key has none of them.
NOT_OF_PRIVATE_KEYS: dict[int, Any] = dict.fromkeys(
    (Attribute.ENCRYPT, Attribute.WRAP, Attribute.VERIFY), pkcs11.DEFAULT
)


class WrongKey(Misconfigured):
    """A blob does not hold the private half of its public key. Trying again will not help."""

    code = "hsm.wrong_key"

    def __init__(self) -> None:
        super().__init__(
            "A subject key in the register was damaged or exchanged.",
            "Find out by whom, and restore the row from a backup.",
        )


@dataclass(frozen=True)
class WrappedKey:
    """A subscriber's key pair as the register keeps it.

    Attributes:
        blob: the wrapped PKCS #8 PrivateKeyInfo; 80 to 1,808 bytes.
        public_key: SubjectPublicKeyInfo, DER.
    """

    algorithm: KeyAlgorithm
    blob: bytes
    public_key: bytes


def generate_kek(token: Token, label: str) -> None:
    """Make the AES-256 key that wraps subject keys and can do nothing else, ever.

    Raises:
        KeyExists: the label is taken.
        HsmUnavailable, Misconfigured: as `Token.session`.
    """
    with token.session() as session:
        if session.all(ObjectClass.SECRET_KEY, label):
            raise KeyExists(label)
        token.module.cryptoki.generate_key(
            session.raw.handle,
            Mechanism.AES_KEY_GEN,
            {
                Attribute.CLASS: ObjectClass.SECRET_KEY,
                Attribute.KEY_TYPE: KeyType.AES,
                Attribute.VALUE_LEN: 32,
                Attribute.LABEL: label.encode(),
                Attribute.TOKEN: True,
                Attribute.PRIVATE: True,
                **STAYS_INSIDE,
                Attribute.WRAP: True,
                Attribute.UNWRAP: True,
                Attribute.ENCRYPT: False,
                Attribute.DECRYPT: False,  # it would decrypt a blob to the bare key
                Attribute.SIGN: False,
                Attribute.VERIFY: False,
                Attribute.DERIVE: False,
                Attribute.MODIFIABLE: False,  # else DECRYPT could be switched on
                Attribute.COPYABLE: False,  # else a copy could be given DECRYPT
                UNWRAP_TEMPLATE: ONLY_AS,
            },
        )


class SubjectKeys:
    """Makes and uses the subscribers' keys of one KEK; safe to share between threads."""

    def __init__(self, token: Token, kek_label: str) -> None:
        self._token = token
        self._kek_label = kek_label

    def generate(self, algorithm: KeyAlgorithm) -> WrappedKey:
        """A new key pair; nothing of it stays on the token.

        Raises:
            KeyMissing: the token lacks the KEK.
            HsmUnavailable, Misconfigured: as `Token.session`.
        """
        with self._token.session() as session:
            return self._generate(session, algorithm)

    @contextmanager
    def unwrapped(self, wrapped: WrappedKey) -> Iterator[PrivateKey]:
        """The private key, for one thread and until the end of the `with`.

        Raises:
            WrongKey: the blob is damaged or another key's.
            KeyMissing: the token lacks the KEK.
            HsmUnavailable, Misconfigured: as `Token.session`.
        """
        with self._token.session() as session:
            handle = self._unwrap_or_doubt(session, wrapped)
            try:
                key = private_key(_public_key(wrapped), lambda: nullcontext(handle))
                _prove_possession(key)
                yield key
            finally:
                handle.destroy()

    def _generate(self, session: Session, algorithm: KeyAlgorithm) -> WrappedKey:
        kek = session.find(ObjectClass.SECRET_KEY, self._kek_label)
        public, private = generate_pair(
            session,
            algorithm,
            private_template={Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: True},
        )
        try:
            return WrappedKey(
                algorithm,
                blob=kek.wrap_key(private, mechanism=Mechanism.AES_KEY_WRAP_PAD),
                public_key=read_public_key(public).public_bytes(
                    Encoding.DER, PublicFormat.SubjectPublicKeyInfo
                ),
            )
        finally:
            private.destroy()
            public.destroy()

    def _unwrap_or_doubt(self, session: Session, wrapped: WrappedKey) -> Any:
        """Unwrap, and tell a bad blob from a bad device.

        Devices disagree on the code for an unsound blob (SoftHSM: GENERAL_ERROR), so a
        fresh key goes the same way: if it passes, the blob is at fault.
        """
        try:
            return self._unwrap(session, wrapped)
        except PKCS11Error:
            fresh = self._generate(session, KeyAlgorithm.EC_P256)
            self._unwrap(session, fresh).destroy()
            raise WrongKey from None

    def _unwrap(self, session: Session, wrapped: WrappedKey) -> Any:
        kek = session.find(ObjectClass.SECRET_KEY, self._kek_label)
        return kek.unwrap_key(
            ObjectClass.PRIVATE_KEY,
            KeyType.RSA if wrapped.algorithm in RSA_BITS else KeyType.EC,
            wrapped.blob,
            mechanism=Mechanism.AES_KEY_WRAP_PAD,
            capabilities=MechanismFlag.SIGN,
            template={Attribute.PRIVATE: True, **ONLY_AS, **NOT_OF_PRIVATE_KEYS},
        )


def _public_key(wrapped: WrappedKey) -> PublicKey:
    try:
        public_key = load_der_public_key(wrapped.public_key)
    except ValueError:
        raise WrongKey from None
    if not isinstance(public_key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey):
        raise WrongKey
    return public_key


def _prove_possession(key: PrivateKey) -> None:
    """Sign something meaningless and verify it under the expected public key."""
    challenge = b"proof of possession " + token_bytes(32)
    sha256 = hashes.SHA256()
    try:
        if isinstance(key, rsa.RSAPrivateKey):
            scheme = padding.PKCS1v15()
            key.public_key().verify(key.sign(challenge, scheme, sha256), challenge, scheme, sha256)
        else:
            ecdsa = ec.ECDSA(sha256)
            key.public_key().verify(key.sign(challenge, ecdsa), challenge, ecdsa)
    except InvalidSignature:
        raise WrongKey from None
