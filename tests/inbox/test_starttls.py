"""STARTTLS (RFC 3207): offered with a certificate, TLS 1.2 or better, and never AUTH."""

import asyncio
import ssl
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

from bot.errors import Misconfigured
from bot.inbox import starttls
from bot.register.models import Mail
from tests.inbox.door import MAIL, House, Talk, connected, talking

Files = tuple[Path, Path]


def written(
    folder: Path, now: datetime, protection: KeySerializationEncryption | None = None
) -> Files:
    """A certificate of its own for localhost, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=9_000))
        .not_valid_after(now + timedelta(days=9_000))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    paths = folder / "door.pem", folder / "door.key"
    paths[0].write_bytes(certificate.public_bytes(Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, protection or NoEncryption())
    )
    return paths


@pytest.fixture
def files(tmp_path: Path, now: datetime) -> Files:
    return written(tmp_path, now)


@pytest.fixture
def tls(files: Files) -> ssl.SSLContext:
    return starttls.context(*files)


async def secured(talk: Talk, files: Files) -> None:
    """Go on in TLS, as a client that checks the certificate."""
    assert (await talk.say(b"STARTTLS")).code == 220
    context = ssl.create_default_context(cafile=files[0])
    await talk.writer.start_tls(context, server_hostname="localhost")


async def test_a_mail_through_tls(house: House, tls: ssl.SSLContext, files: Files) -> None:
    async with house.door(tls=tls) as door, connected(door.port) as talk:
        await talk.answer()
        assert "STARTTLS" in (await talk.say(b"EHLO x")).text
        await secured(talk, files)
        assert (await talk.mail()).code == 503  # what was said before is forgotten
        greeting = (await talk.say(b"EHLO x")).text
        assert "STARTTLS" not in greeting
        assert "AUTH" not in greeting
        assert (await talk.say(b"AUTH PLAIN AGEAYg==")).code == 502
        assert (await talk.say(b"STARTTLS")).code == 503
        assert (await talk.data(MAIL)).code == 250
    assert [path.read_bytes() for path in house.files()] == [MAIL]


async def test_without_a_certificate_there_is_none(house: House) -> None:
    async with house.door() as door, connected(door.port) as talk:
        await talk.answer()
        assert "STARTTLS" not in (await talk.say(b"EHLO x")).text
        assert (await talk.say(b"STARTTLS")).code == 454


@pytest.mark.parametrize("protocol", ["smtp", "lmtp"])
async def test_required_no_mail_comes_before_it(
    house: House, tls: ssl.SSLContext, files: Files, protocol: str
) -> None:
    hello = b"LHLO" if protocol == "lmtp" else b"EHLO"
    certificate, key = files
    required = house.door(
        tls=tls, protocol=protocol, certificate=certificate, key=key, require_tls=True
    )
    async with required as door, talking(door.port, hello) as talk:
        assert (await talk.mail()).code == 530
        await secured(talk, files)
        assert (await talk.say(hello + b" x")).code == 250
        assert (await talk.data(MAIL)).code == 250
    assert await Mail.all().count() == 1


async def test_what_was_slipped_in_before_tls_is_not_said_in_it(
    house: House, tls: ssl.SSLContext, files: Files
) -> None:
    async with house.door(tls=tls) as door, talking(door.port) as talk:
        talk.writer.write(b"STARTTLS\r\nEHLO evil\r\nMAIL FROM:<evil@x.vn>\r\n")
        assert (await talk.answer()).code == 220
        try:  # either the door drops it, or what follows is no handshake
            context = ssl.create_default_context(cafile=files[0])
            await talk.writer.start_tls(context, server_hostname="localhost")
        except (ssl.SSLError, ConnectionError):
            return
        assert (await talk.say(b"RCPT TO:<x@y.vn>")).code == 503


@pytest.mark.parametrize("garbage", [b"", b"EHLO x\r\n" * 9, b"\x16\x03\x01\xff\xff" + b"\0" * 99])
async def test_a_handshake_that_fails_harms_nobody_else(
    house: House, tls: ssl.SSLContext, garbage: bytes
) -> None:
    async with house.door(tls=tls) as door:
        async with talking(door.port) as talk:
            assert (await talk.say(b"STARTTLS")).code == 220
            talk.writer.write(garbage)
            talk.writer.write_eof()
            await asyncio.wait_for(talk.reader.read(), 10)
        async with talking(door.port) as talk:
            assert (await talk.data(MAIL)).code == 250


def test_no_tls_before_1_2(tls: ssl.SSLContext) -> None:
    assert tls.minimum_version == ssl.TLSVersion.TLSv1_2
    assert tls.verify_mode == ssl.CERT_NONE  # nobody is asked for a certificate


@pytest.mark.parametrize(
    ("which", "content", "named"),
    [
        (0, None, "Setting door.certificate: "),
        (1, None, "Setting door.key: "),
        (0, b"no PEM", "door.certificate and door.key"),
        (1, b"no PEM", "door.certificate and door.key"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(
    files: Files, which: int, content: bytes | None, named: str
) -> None:
    if content is None:
        files[which].unlink()
    else:
        files[which].write_bytes(content)
    with pytest.raises(Misconfigured, match=named):
        starttls.context(*files)


def test_a_key_of_another_certificate_does_not_fit(
    files: Files, tmp_path: Path, now: datetime
) -> None:
    (tmp_path / "other").mkdir()
    _, key = written(tmp_path / "other", now)
    with pytest.raises(Misconfigured, match="do not fit"):
        starttls.context(files[0], key)


def test_nobody_is_asked_for_a_passphrase(tmp_path: Path, now: datetime) -> None:
    with pytest.raises(Misconfigured, match="without a passphrase"):
        starttls.context(*written(tmp_path, now, BestAvailableEncryption(b"x")))
