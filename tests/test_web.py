"""What relying parties fetch."""

from pathlib import Path

import httpx
import pytest

from bot.web import site


@pytest.fixture
def published(tmp_path: Path) -> Path:
    (tmp_path / "ca.crl").write_bytes(b"a list")
    (tmp_path / "ca.cer").write_bytes(b"a certificate")
    (tmp_path / "secret").write_bytes(b"a secret")
    return tmp_path


async def get(published: Path, path: str) -> httpx.Response:
    transport = httpx.ASGITransport(site(published))
    async with httpx.AsyncClient(transport=transport, base_url="http://pki") as client:
        return await client.get(path)


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("ca.crl", b"a list", "application/pkix-crl"),
        ("ca.cer", b"a certificate", "application/pkix-cert"),
    ],
)
async def test_the_crl_and_the_certificate(
    published: Path, name: str, content: bytes, kind: str
) -> None:
    answer = await get(published, f"/pki/{name}")
    assert (answer.content, answer.headers["content-type"]) == (content, kind)


@pytest.mark.parametrize(
    "path", ["/pki/secret", "/pki/..%2fsecret", "/pki/../secret", "/secret", "/pki/", "/"]
)
async def test_nothing_else_is_served(published: Path, path: str) -> None:
    assert (await get(published, path)).status_code == 404


async def test_health_follows_what_is_published(published: Path) -> None:
    assert (await get(published, "/healthz")).status_code == 200
    (published / "ca.crl").unlink()
    assert (await get(published, "/healthz")).status_code == 503
