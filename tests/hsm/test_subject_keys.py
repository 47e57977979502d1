from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from ctypes import CDLL, byref, c_ulong
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key
from pkcs11 import DEFAULT, Attribute, KeyType, MechanismFlag, ObjectClass
from pkcs11.exceptions import PKCS11Error
from pkcs11.mechanisms import Mechanism

from bot.hsm.cryptoki import _Mechanism
from bot.hsm.keys import KeyExists
from bot.hsm.subject_keys import SubjectKeys, WrappedKey, WrongKey, generate_kek
from bot.hsm.token import HsmUnavailable, KeyMissing, Session, Token
from bot.sections.authority import KeyAlgorithm
from tests.hsm_fixtures import MODULE

KEK = "test KEK"
P256 = KeyAlgorithm.EC_P256
KEY_FUNCTION_NOT_PERMITTED = 0x68


@pytest.fixture(scope="module")
def subject_keys(subjects_token: Token) -> SubjectKeys:
    generate_kek(subjects_token, KEK)
    return SubjectKeys(subjects_token, KEK)


def private_objects(token: Token) -> int:
    with token.session() as session:
        return len(list(session.raw.get_objects({Attribute.CLASS: ObjectClass.PRIVATE_KEY})))


@pytest.mark.parametrize("algorithm", KeyAlgorithm)
def test_a_wrapped_key_signs_and_leaves_nothing_behind(
    subject_keys: SubjectKeys, subjects_token: Token, algorithm: KeyAlgorithm
) -> None:
    wrapped = subject_keys.generate(algorithm)
    assert private_objects(subjects_token) == 0

    public_key = load_der_public_key(wrapped.public_key)
    with subject_keys.unwrapped(wrapped) as key:
        assert key.public_key() == public_key
        if isinstance(key, rsa.RSAPrivateKey):
            signature = key.sign(b"contract", padding.PKCS1v15(), hashes.SHA256())
            key.public_key().verify(signature, b"contract", padding.PKCS1v15(), hashes.SHA256())
        else:
            signature = key.sign(b"contract", ec.ECDSA(hashes.SHA256()))
            key.public_key().verify(signature, b"contract", ec.ECDSA(hashes.SHA256()))
    assert private_objects(subjects_token) == 0
    assert len(wrapped.blob) < 1900


def test_no_two_keys_are_alike(subject_keys: SubjectKeys) -> None:
    made = [subject_keys.generate(P256) for _ in range(50)]
    assert len({one.public_key for one in made}) == len({one.blob for one in made}) == 50


def test_eight_threads_generate_and_use_keys_on_one_token(
    subject_keys: SubjectKeys, subjects_token: Token
) -> None:
    def work(_: int) -> int:
        wrapped = subject_keys.generate(P256)
        for _turn in range(40):
            with subject_keys.unwrapped(wrapped) as key:
                assert key.public_key() == load_der_public_key(wrapped.public_key)
        return 40

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(work, range(24))) == 960
    assert private_objects(subjects_token) == 0


def flipped(blob: bytes) -> bytes:
    return bytes([blob[0] ^ 1]) + blob[1:]


@pytest.mark.parametrize("algorithm", [P256, KeyAlgorithm.RSA_2048])
def test_any_wrong_blob_is_noticed(subject_keys: SubjectKeys, algorithm: KeyAlgorithm) -> None:
    mine, other = subject_keys.generate(algorithm), subject_keys.generate(algorithm)
    alien = subject_keys.generate(KeyAlgorithm.EC_P384)
    wrong = (other.blob, alien.blob, flipped(mine.blob), mine.blob[:-8], mine.blob[:-1], b"")
    for blob in wrong:
        with pytest.raises(WrongKey), subject_keys.unwrapped(replace(mine, blob=blob)):
            pytest.fail("a key that is not the expected one was lent")
    with subject_keys.unwrapped(mine):
        pass


@pytest.mark.parametrize("public_key", [b"", b"\x30\x00", b"no key"])
def test_a_damaged_public_key_is_noticed(subject_keys: SubjectKeys, public_key: bytes) -> None:
    damaged = replace(subject_keys.generate(P256), public_key=public_key)
    with pytest.raises(WrongKey), subject_keys.unwrapped(damaged):
        pass


def test_a_failing_device_is_not_taken_for_a_wrong_key(
    subject_keys: SubjectKeys, subjects_token: Token
) -> None:
    wrapped = subject_keys.generate(P256)
    with subjects_token.session() as session:
        CDLL(str(MODULE)).C_Logout(c_ulong(session.raw.handle))
    with pytest.raises(HsmUnavailable), subject_keys.unwrapped(wrapped):
        pass
    with subject_keys.unwrapped(wrapped):
        pass


def test_a_missing_kek_is_named(subject_keys: SubjectKeys, subjects_token: Token) -> None:
    wrapped = subject_keys.generate(P256)
    keys = SubjectKeys(subjects_token, "no KEK")
    with pytest.raises(KeyMissing, match="no KEK"), keys.unwrapped(wrapped):
        pass


def test_a_key_is_destroyed_when_its_user_fails(
    subject_keys: SubjectKeys, subjects_token: Token
) -> None:
    wrapped = subject_keys.generate(P256)
    with pytest.raises(ZeroDivisionError), subject_keys.unwrapped(wrapped):
        raise ZeroDivisionError
    assert private_objects(subjects_token) == 0


def test_there_is_one_kek_of_a_name(subject_keys: SubjectKeys, subjects_token: Token) -> None:
    with pytest.raises(KeyExists):
        generate_kek(subjects_token, KEK)


# What somebody with the PIN, a blob and the device can try to read a key out.

INSIDE: dict[Attribute, Any] = {Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False}


@contextmanager
def burglary(token: Token) -> Iterator[tuple[Session, Any]]:
    """A session with the PIN, and the KEK in it."""
    with token.session() as session:
        yield session, session.find(ObjectClass.SECRET_KEY, KEK)


def unwrap(kek: Any, wrapped: WrappedKey, template: dict[Attribute, Any]) -> Any:
    unwanted = dict.fromkeys((Attribute.ENCRYPT, Attribute.WRAP, Attribute.VERIFY), DEFAULT)
    return kek.unwrap_key(
        ObjectClass.PRIVATE_KEY,
        KeyType.EC,
        wrapped.blob,
        mechanism=Mechanism.AES_KEY_WRAP_PAD,
        capabilities=MechanismFlag.SIGN,
        template={**template, **unwanted},
    )


@pytest.mark.parametrize(
    "template",
    [
        {},
        {Attribute.SENSITIVE: True},
        {Attribute.EXTRACTABLE: False},
        {**INSIDE, Attribute.SENSITIVE: False},
        {**INSIDE, Attribute.EXTRACTABLE: True},
        {Attribute.SENSITIVE: False, Attribute.EXTRACTABLE: True},
    ],
    ids=str,
)
def test_a_key_is_unwrapped_sealed_or_not_at_all(
    subject_keys: SubjectKeys, subjects_token: Token, template: dict[Attribute, Any]
) -> None:
    wrapped = subject_keys.generate(P256)
    with burglary(subjects_token) as (_, kek):
        unwrap(kek, wrapped, INSIDE).destroy()  # the control: nothing else is wrong with it
        with pytest.raises(PKCS11Error):
            unwrap(kek, wrapped, template)


@pytest.mark.parametrize("key_type", [KeyType.GENERIC_SECRET, KeyType.AES])
def test_a_key_is_not_unwrapped_as_a_secret_to_derive_from(
    subject_keys: SubjectKeys, subjects_token: Token, key_type: KeyType
) -> None:
    wrapped = subject_keys.generate(P256)
    with burglary(subjects_token) as (_, kek), pytest.raises(PKCS11Error):
        kek.unwrap_key(
            ObjectClass.SECRET_KEY,
            key_type,
            wrapped.blob,
            mechanism=Mechanism.AES_KEY_WRAP_PAD,
            capabilities=MechanismFlag.DERIVE,
            template=INSIDE,
        )


@pytest.mark.parametrize("operation", ["C_DecryptInit", "C_EncryptInit"])
@pytest.mark.parametrize(
    "mechanism", [Mechanism.AES_ECB, Mechanism.AES_KEY_WRAP, Mechanism.AES_KEY_WRAP_PAD]
)
def test_the_kek_neither_decrypts_nor_encrypts(
    subject_keys: SubjectKeys, subjects_token: Token, operation: str, mechanism: Mechanism
) -> None:
    with burglary(subjects_token) as (session, kek):
        result = getattr(CDLL(str(MODULE)), operation)(
            c_ulong(session.raw.handle), byref(_Mechanism(type=mechanism)), c_ulong(kek.handle)
        )
    assert result == KEY_FUNCTION_NOT_PERMITTED


@pytest.mark.parametrize(
    ("attribute", "value"),
    [
        (Attribute.DECRYPT, True),
        (Attribute.ENCRYPT, True),
        (Attribute.DERIVE, True),
        (Attribute.SENSITIVE, False),
        (Attribute.EXTRACTABLE, True),
        (Attribute.MODIFIABLE, True),
        (Attribute.COPYABLE, True),
    ],
)
def test_the_kek_is_not_given_another_use(
    subject_keys: SubjectKeys, subjects_token: Token, attribute: Attribute, value: bool
) -> None:
    with burglary(subjects_token) as (_, kek):
        with pytest.raises(PKCS11Error):
            kek[attribute] = value
        assert kek[attribute] is not value
        with pytest.raises(PKCS11Error):
            kek.copy({Attribute.TOKEN: False, attribute: value})


def test_the_kek_is_not_copied_or_read(subject_keys: SubjectKeys, subjects_token: Token) -> None:
    with burglary(subjects_token) as (_, kek):
        with pytest.raises(PKCS11Error):
            kek.copy({Attribute.TOKEN: False})
        with pytest.raises(PKCS11Error):
            kek[Attribute.VALUE]


def thieves_key(session: Session) -> Any:
    """An AES key that can wrap and decrypt."""
    return session.raw.generate_key(
        KeyType.AES,
        256,
        capabilities=MechanismFlag.WRAP | MechanismFlag.UNWRAP | MechanismFlag.DECRYPT,
    )


def test_the_kek_is_not_wrapped_by_another_key(
    subject_keys: SubjectKeys, subjects_token: Token
) -> None:
    with burglary(subjects_token) as (session, kek), pytest.raises(PKCS11Error):
        thieves_key(session).wrap_key(kek, mechanism=Mechanism.AES_KEY_WRAP_PAD)


def copy_extractable(key: Any, _: Session) -> object:
    return key.copy({Attribute.EXTRACTABLE: True})


def copy_readable(key: Any, _: Session) -> object:
    return key.copy({Attribute.SENSITIVE: False})


def make_extractable(key: Any, _: Session) -> object:
    key[Attribute.EXTRACTABLE] = True
    return key


def make_readable(key: Any, _: Session) -> object:
    key[Attribute.SENSITIVE] = False
    return key


def read(key: Any, _: Session) -> object:
    return key[Attribute.VALUE]


def wrap_again(key: Any, session: Session) -> object:
    return thieves_key(session).wrap_key(key, mechanism=Mechanism.AES_KEY_WRAP_PAD)


@pytest.mark.parametrize(
    "attempt",
    [copy_extractable, copy_readable, make_extractable, make_readable, read, wrap_again],
)
def test_an_unwrapped_key_is_not_read_out(
    subject_keys: SubjectKeys, subjects_token: Token, attempt: Callable[[Any, Session], object]
) -> None:
    wrapped = subject_keys.generate(P256)
    with burglary(subjects_token) as (session, kek):
        key = unwrap(kek, wrapped, INSIDE)
        with pytest.raises(PKCS11Error):
            attempt(key, session)
        key.destroy()


@pytest.mark.parametrize(
    "attribute", [Attribute.PRIVATE_EXPONENT, Attribute.PRIME_1, Attribute.EXPONENT_1]
)
def test_no_private_part_of_an_rsa_key_is_read(
    subject_keys: SubjectKeys, subjects_token: Token, attribute: Attribute
) -> None:
    wrapped = subject_keys.generate(KeyAlgorithm.RSA_2048)
    with subjects_token.session() as session:
        key = subject_keys._unwrap(session, wrapped)
        assert key[Attribute.MODULUS]
        with pytest.raises(PKCS11Error):
            key[attribute]
        key.destroy()
