"""What relying parties and agencies fetch."""

import asyncio
import re
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from starlette.applications import Starlette

from bot.ca import crl
from bot.config import Settings
from bot.outbox.handouts import FILES, Handout, Handouts
from bot.procedures.services import Responding
from bot.procedures.status.respond import Responder
from bot.register.connection import clock
from bot.sections.authority import Mailboxes
from bot.web import site
from tests.ca.builders import NOW, a_chain, a_responder, der

SETTINGS = Settings(mailboxes=Mailboxes(official=("hoso@ca.gov.vn", "hoso2@ca.gov.vn")))
HANDOUTS = Handouts(SETTINGS)
LAPSES = NOW + timedelta(hours=24)
HOUR = timedelta(hours=1)
KEY = ec.generate_private_key(ec.SECP256R1())


@pytest.fixture
def published(tmp_path: Path) -> Path:
    chain = a_chain()
    draft = crl.draft(
        issuer=chain.issuer, number=1, this_update=NOW, next_update=LAPSES, entries=[]
    )
    (tmp_path / "ca.crl").write_bytes(crl.sign(draft.tbs, chain.key, chain.issuer))
    (tmp_path / "ca.cer").write_bytes(der(chain.issuer))
    (tmp_path / "ocsp.cer").write_bytes(der(a_responder(chain, KEY, not_after=LAPSES)))
    (tmp_path / "secret").write_bytes(b"a secret")
    return tmp_path


def pages(published: Path, now: datetime = NOW, handouts: Handouts = HANDOUTS) -> Starlette:
    """The whole web, of a bot that has no register."""
    responder = Responder(Responding(SETTINGS, published, lambda: KEY), clock)
    return site(published, handouts, responder, lambda: now)


async def get(
    published: Path, path: str, now: datetime = NOW, method: str = "GET", **headers: str
) -> httpx.Response:
    transport = httpx.ASGITransport(pages(published, now))
    async with httpx.AsyncClient(transport=transport, base_url="http://pki") as client:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await client.request(method, path, headers=named)


@pytest.mark.parametrize(
    ("name", "kind"),
    [("ca.crl", "application/pkix-crl"), ("ca.cer", "application/pkix-cert")],
)
async def test_the_crl_and_the_certificate(published: Path, name: str, kind: str) -> None:
    answer = await get(published, f"/pki/{name}")
    assert answer.content == (published / name).read_bytes()
    assert answer.headers["content-type"] == kind
    assert answer.headers["cache-control"] == "public, max-age=60"


@pytest.mark.parametrize(
    "path",
    [
        "/pki/ocsp.cer",
        "/pki/services/1.cer",
        "/pki/secret",
        "/pki/..%2fsecret",
        "/pki/../secret",
        "/secret",
        "/pki/",
        "/",
    ],
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


async def test_health_ends_with_the_responder_s_certificate(published: Path) -> None:
    (published / "ocsp.cer").write_bytes(der(a_responder(a_chain(), KEY, not_after=NOW + HOUR)))
    assert (await get(published, "/healthz", NOW + HOUR)).status_code == 200
    assert (await get(published, "/healthz", NOW + 2 * HOUR)).status_code == 503


@pytest.mark.parametrize("name", ["ca.crl", "ca.cer", "ocsp.cer"])
async def test_health_needs_all_of_them(published: Path, name: str) -> None:
    (published / name).unlink()
    assert (await get(published, "/healthz")).status_code == 503


async def test_a_list_that_nobody_can_read_is_none(published: Path) -> None:
    (published / "ca.crl").write_bytes(b"a list")
    assert (await get(published, "/healthz")).status_code == 503


async def test_whoever_needs_a_form_finds_all_of_them_on_one_page(published: Path) -> None:
    answer = await get(published, "/bieu-mau/")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    page = answer.text
    for words in (
        *SETTINGS.mailboxes.official,
        SETTINGS.mailboxes.precheck,
        SETTINGS.authority.help_phone,
        SETTINGS.authority.help_mailbox,
        "Mẫu biểu",
    ):
        assert words in page
    links = re.findall(r'href="([^":]+)"', page)
    assert {*links} == {*(one.name for one in FILES), "huong-dan.html"}
    for link in links:
        assert (await get(published, f"/bieu-mau/{link}")).status_code == 200
    assert 'lang="vi"' in page


async def test_a_form_is_the_pdf_and_is_kept_by_whoever_has_it(published: Path) -> None:
    answer = await get(published, "/bieu-mau/mau-05.pdf")
    assert answer.content.startswith(b"%PDF")
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["cache-control"] == "public, max-age=3600"
    tag = answer.headers["etag"]
    for known in (tag, f'"other", W/{tag}', "*"):
        again = await get(published, "/bieu-mau/mau-05.pdf", If_None_Match=known)
        assert (again.status_code, again.content) == (304, b"")
    other = await get(published, "/bieu-mau/mau-05.pdf", If_None_Match='"other"')
    assert other.content == answer.content
    assert Handouts(SETTINGS).content(FILES[2]) == answer.content  # and the same elsewhere


async def test_the_guide_is_read_in_a_browser(published: Path) -> None:
    page = (await get(published, "/bieu-mau/huong-dan.html")).text
    assert "<h2>1. Điều kiện</h2>" in page
    assert "<table>" in page
    assert ".md" not in page


async def test_each_is_made_once_whoever_asks_at_once(published: Path) -> None:
    made: Counter[str] = Counter()

    class Counted(Handouts):
        def find(self, name: str) -> Handout | None:
            def make(_: Settings) -> bytes:
                made[name] += 1
                return name.encode()

            found = super().find(name)
            return found and replace(found, make=make)

    transport = httpx.ASGITransport(pages(published, handouts=Counted(SETTINGS)))
    async with httpx.AsyncClient(transport=transport, base_url="http://pki") as client:
        names = ["mau-01.pdf", "mau-05.pdf"] * 10
        answers = await asyncio.gather(*[client.get(f"/bieu-mau/{name}") for name in names])
    assert [answer.text for answer in answers] == names
    assert made == {"mau-01.pdf": 1, "mau-05.pdf": 1}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/bieu-mau/mau-02.pdf", 404),
        ("GET", "/bieu-mau/..%2f..%2fetc%2fpasswd", 404),
        ("GET", "/bieu-mau/so-tay-co-quan.md", 404),
        ("GET", "/bieu-mau", 307),
        ("HEAD", "/bieu-mau/", 200),
        ("HEAD", "/bieu-mau/huong-dan.html", 200),
        ("POST", "/bieu-mau/", 405),
    ],
)
async def test_nothing_else_is_offered(
    published: Path, method: str, path: str, status: int
) -> None:
    answer = await get(published, path, method=method)
    assert answer.status_code == status
    if status == 404:
        assert answer.headers["content-type"] == "text/plain; charset=utf-8"
