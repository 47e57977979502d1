import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from ctypes import CDLL, c_ulong
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from bot.errors import Misconfigured
from bot.hsm import softhsm
from bot.hsm.keys import find_key, generate_key, generate_secret, mac
from bot.hsm.token import HsmUnavailable, KeyMissing, Module, PinRejected, Token
from bot.sections.authority import KeyAlgorithm
from tests.hsm_fixtures import MODULE, SPARE

P256 = KeyAlgorithm.EC_P256
SHA256 = ec.ECDSA(hashes.SHA256())

OpenToken = Callable[[str], Token]
Trouble = Callable[[CDLL, Token], object]


def test_eight_threads_sign_thousands_of_times_on_one_token(ca_token: Token) -> None:
    key = generate_key(ca_token, "many", P256)
    assert isinstance(key, ec.EllipticCurvePrivateKey)

    def work(thread: int) -> int:
        for turn in range(400):
            message = b"%d %d" % (thread, turn)
            key.public_key().verify(key.sign(message, SHA256), message, SHA256)
        return turn + 1

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(work, range(8))) == 3200


def test_a_session_serves_one_caller_at_a_time(ca_token: Token) -> None:
    with ca_token.session() as one, ca_token.session() as other:
        assert one.raw.handle != other.raw.handle
    with ca_token.session() as again:
        assert again in (one, other)


def test_a_session_that_failed_is_not_lent_again(ca_token: Token) -> None:
    with pytest.raises(RuntimeError), ca_token.session() as failed:
        raise RuntimeError
    with ca_token.session() as next_one:
        assert next_one is not failed


def log_out(library: CDLL, token: Token) -> None:
    with token.session() as session:
        library.C_Logout(c_ulong(session.raw.handle))


def pull_out(library: CDLL, token: Token) -> None:
    with token.session() as session:
        slot = session.raw.token.slot.slot_id
    library.C_CloseAllSessions(c_ulong(slot))


@pytest.mark.parametrize("trouble", [log_out, pull_out])
def test_a_token_that_lost_its_login_recovers_on_the_next_call(
    open_token: OpenToken, trouble: Trouble
) -> None:
    token = open_token(SPARE[0])
    label = trouble.__name__
    generate_secret(token, label)
    expected = mac(token, label, b"x")
    library = CDLL(str(MODULE))

    trouble(library, token)
    with pytest.raises(HsmUnavailable) as raised:
        mac(token, label, b"x")
    assert raised.value.code == "hsm.unavailable"
    assert mac(token, label, b"x") == expected


def test_a_key_that_cannot_be_seen_for_want_of_a_login_is_not_called_missing(
    open_token: OpenToken,
) -> None:
    token = open_token(SPARE[0])
    generate_secret(token, "unseen")
    log_out(CDLL(str(MODULE)), token)
    with pytest.raises(HsmUnavailable):
        mac(token, "unseen", b"x")
    assert len(mac(token, "unseen", b"x")) == 32


def test_many_threads_recover_together(open_token: OpenToken) -> None:
    token = open_token(SPARE[0])
    generate_secret(token, "together")
    expected = mac(token, "together", b"x")

    def work(_: int) -> bytes | None:
        try:
            return mac(token, "together", b"x")
        except HsmUnavailable:
            return None

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(work, range(64)))
        pull_out(CDLL(str(MODULE)), token)
        list(threads.map(work, range(16)))
        assert set(threads.map(work, range(64))) == {expected}


def test_a_wrong_pin_is_tried_once_and_never_again(open_token: OpenToken) -> None:
    label = SPARE[1]
    wrong = Token(Module.load(MODULE), label, "999999")
    with pytest.raises(PinRejected), wrong.session():
        pass

    right = open_token(label)
    with right.session() as session:
        session.raw.set_pin(right._pin, "999999")
    with pytest.raises(PinRejected), wrong.session():
        pass


def test_an_unknown_token_names_the_remedy(token_home: Path) -> None:
    nowhere = Token(Module.load(MODULE), "nowhere", "1234")
    with pytest.raises(Misconfigured, match="nowhere") as raised, nowhere.session():
        pass
    assert "[tokens]" in raised.value.remedy


def test_a_file_that_is_no_library_names_the_setting(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match=r"tokens\.module"):
        Module.load(tmp_path / "nothing.so")


def test_the_library_is_loaded_once(token_home: Path) -> None:
    assert Module.load(MODULE) is Module.load(MODULE)


def test_an_unknown_key_is_missing(ca_token: Token) -> None:
    with pytest.raises(KeyMissing, match="nobody"):
        find_key(ca_token, "nobody")


def test_a_forked_child_may_not_use_the_library(ca_token: Token) -> None:
    with ca_token.session():
        pass
    child = os.fork()
    if not child:
        try:
            ca_token.session().__enter__()
        except Misconfigured:
            os._exit(42)
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 42


def test_tokens_are_made_once_with_secret_pins(token_home: Path) -> None:
    pins = {label: token_home / "pins" / label for label in SPARE}
    before = {label: file.read_text() for label, file in pins.items()}
    objects = token_home / "softhsm" / "objects"
    tokens = set(objects.iterdir())

    softhsm.initialise(token_home / "softhsm", pins)

    assert {label: file.read_text() for label, file in pins.items()} == before
    assert set(objects.iterdir()) == tokens
    assert len(set(before.values())) == len(SPARE)
    assert all(file.stat().st_mode & 0o777 == 0o600 for file in pins.values())
    assert objects.stat().st_mode & 0o777 == 0o700
