"""The whole bot, its certificates and OpenSSL as the relying party."""

import asyncio
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import AuthorityInformationAccessOID
from tortoise.transactions import in_transaction

from bot.cli.peers import PEER_LOOKS
from bot.home import Home
from bot.procedures.status.seen import StatusUnseen, status_is_seen
from bot.register import tasks
from bot.register.lifecycle import CertificateMove, CertificateStatus
from bot.register.models import Certificate
from bot.register.tasks import Kind, Queue
from tests.dossiers.desk import plain_form
from tests.house import House


async def openssl(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    def run() -> subprocess.CompletedProcess[str]:
        command = ["openssl", *words]
        return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)

    return await asyncio.to_thread(run)


async def revoke(one: Certificate) -> None:
    now = datetime.now(UTC)
    async with in_transaction():
        await one.make(
            CertificateMove.REVOKE, because="test", now=now, for_item=None, current_of=None,
            revoked_at=now, reason=x509.ReasonFlags.key_compromise.value,
        )  # fmt: skip
        await tasks.call(Kind.PUBLISH, one.id, due=now)


async def test_openssl_sees_what_was_issued_and_what_was_revoked(
    house: House, tmp_path: Path
) -> None:
    house = replace(house, blank=plain_form(house.blank))
    await house.send(house.letter())
    await house.quiet()
    good, bad = await Certificate.filter(status=CertificateStatus.VALID).order_by("id")
    assert good.der
    assert bad.der
    await revoke(bad)
    await house.quiet()

    home = Home(house.settings)
    mail = x509.load_der_x509_certificate(home.mail_certificate.read_bytes())
    web = f"http://127.0.0.1:{house.running.web}"
    base = house.settings.web.base_url
    async with httpx.AsyncClient() as client:
        crl = (await client.get(f"{web}/pki/ca.crl")).content
        issuer = (await client.get(f"{web}/pki/ca.cer")).content
        assert (await client.get(f"{web}/healthz")).json() == {"ready": True}
    for name, document in (
        ("good", x509.load_der_x509_certificate(good.der)),
        ("bad", x509.load_der_x509_certificate(bad.der)),
        ("mail", mail),
        ("ca", x509.load_der_x509_certificate(issuer)),
        ("root", x509.load_der_x509_certificate(home.root_certificate.read_bytes())),
        ("crl", x509.load_der_x509_crl(crl)),
    ):
        (tmp_path / name).write_bytes(document.public_bytes(Encoding.PEM))
        if name in {"good", "bad"} and isinstance(document, x509.Certificate):
            assert pointers(document) == [
                (AuthorityInformationAccessOID.OCSP, f"{base}/ocsp"),
                (AuthorityInformationAccessOID.CA_ISSUERS, f"{base}/pki/ca.cer"),
            ]

    asked = await openssl(
        tmp_path, "ocsp", "-issuer", "ca", "-cert", "good", "-cert", "bad", "-cert", "mail",
        "-serial", "0x77", "-nonce", "-url", f"{web}/ocsp", "-CAfile", "root",
        "-verify_other", "ca",
    )  # fmt: skip
    assert "Response verify OK" in asked.stderr, asked.stderr
    assert "nonce" not in asked.stderr.casefold()
    for words in ("good: good", "bad: revoked", "mail: good", "0x77: unknown", "keyCompromise"):
        assert words in asked.stdout

    see = {look.part: look.see for look in PEER_LOOKS}["OCSP"]
    assert await asyncio.to_thread(see, house.settings, datetime.now(UTC)) is None

    services = house.running.tools[Queue.URGENT]
    await status_is_seen([int(bad.serial, 16)], services, datetime.now(UTC))
    with pytest.raises(StatusUnseen):
        await status_is_seen([int(good.serial, 16)], services, datetime.now(UTC))

    verify = ("verify", "-crl_check", "-CRLfile", "crl", "-CAfile", "root", "-untrusted", "ca")
    assert (await openssl(tmp_path, *verify, "good")).stdout == "good: OK\n"
    assert "certificate revoked" in (await openssl(tmp_path, *verify, "bad")).stderr


def pointers(certificate: x509.Certificate) -> list[tuple[x509.ObjectIdentifier, str]]:
    access = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess)
    return [(one.access_method, one.access_location.value) for one in access.value]
