"""What relying parties fetch."""

from datetime import datetime, timedelta
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from bot.ca import crl
from bot.web import site
from tests.ca.builders import NOW, a_chain

LAPSES = NOW + timedelta(hours=24)


@pytest.fixture
def published(tmp_path: Path) -> Path:
    chain = a_chain()
    revocation_list = crl.build(
        issuer=chain.issuer, key=chain.key, number=1, this_update=NOW, next_update=LAPSES,
        revoked=[],
    )  # fmt: skip
    (tmp_path / "ca.crl").write_bytes(revocation_list.public_bytes(Encoding.DER))
    (tmp_path / "ca.cer").write_bytes(chain.issuer.public_bytes(Encoding.DER))
    (tmp_path / "secret").write_bytes(b"a secret")
    return tmp_path


async def get(published: Path, path: str, now: datetime = NOW) -> httpx.Response:
    transport = httpx.ASGITransport(site(published, lambda: now))
    async with httpx.AsyncClient(transport=transport, base_url="http://pki") as client:
        return await client.get(path)


@pytest.mark.parametrize(
    ("name", "kind"),
    [("ca.crl", "application/pkix-crl"), ("ca.cer", "application/pkix-cert")],
)
async def test_the_crl_and_the_certificate(published: Path, name: str, kind: str) -> None:
    answer = await get(published, f"/pki/{name}")
    assert answer.content == (published / name).read_bytes()
    assert answer.headers["content-type"] == kind


@pytest.mark.parametrize(
    "path", ["/pki/secret", "/pki/..%2fsecret", "/pki/../secret", "/secret", "/pki/", "/"]
)
async def test_nothing_else_is_served(published: Path, path: str) -> None:
    assert (await get(published, path)).status_code == 404


@pytest.mark.parametrize(
    ("now", "status"),
    [(NOW, 200), (LAPSES - timedelta(seconds=1), 200), (LAPSES, 503)],
)
async def test_health_ends_when_the_list_lapses(
    published: Path, now: datetime, status: int
) -> None:
    answer = await get(published, "/healthz", now)
    assert (answer.status_code, answer.json()) == (status, {"ready": status == 200})


@pytest.mark.parametrize("name", ["ca.crl", "ca.cer"])
async def test_health_needs_both(published: Path, name: str) -> None:
    (published / name).unlink()
    assert (await get(published, "/healthz")).status_code == 503


async def test_a_list_that_nobody_can_read_is_none(published: Path) -> None:
    (published / "ca.crl").write_bytes(b"a list")
    assert (await get(published, "/healthz")).status_code == 503
