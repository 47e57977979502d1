"""The web and the carrier's listener, as processes: each with what it needs and no more."""

import base64
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from cryptography import x509
from cryptography.x509 import ocsp

from bot.ca import inquiry
from bot.sms.twilio_callbacks import STATUS_PATH
from demo.peers.processes import free_port
from demo.process import Process
from tests.cli.command import Bot

ACCOUNT = "AC" + "0" * 32
CALLED = f"""
[sms]
carrier = "twilio"
[sms.callbacks]
base_url = "https://sms.ca.example.gov.vn"
[sms.twilio]
account = "{ACCOUNT}"
auth_token_file = "twilio-token"
sender = "TTCTDT"
"""


@pytest.fixture
def home(founded: Path, tmp_path: Path) -> Path:
    """Of an authority that the carrier calls."""
    home = shutil.copytree(founded, tmp_path / "home")
    (home / "twilio-token").write_text("secret\n")
    (home / "bot.toml").write_text(f'home = "{home}"\n{CALLED}')
    return home


@contextmanager
def running(home: Path, role: str, **variables: str) -> Iterator[None]:
    process = Process(home / "bot.toml", (role,), home / "bot.log", variables)
    process.start()
    try:
        yield
    finally:
        assert process.stop() == 0


def test_the_web_serves_on_while_the_database_is_away_and_says_so_by_ocsp(
    home: Path, token_home: Path
) -> None:
    (home / "published/ca.crl").write_bytes(b"a CRL")
    issuer = x509.load_der_x509_certificate((home / "published/ca.cer").read_bytes())
    (home / "twilio-token").unlink()
    web, called = free_port(), free_port()
    away = f"postgresql://bot@127.0.0.1:{free_port()}/bot"
    with running(
        home, "web", BOT_DATABASE__URL=away, BOT_TOKENS__PINS=str(token_home / "pins"),
        BOT_WEB__PORT=str(web), BOT_SMS__CALLBACKS__PORT=str(called),
    ):  # fmt: skip
        assert httpx.get(f"http://127.0.0.1:{web}/pki/ca.crl").content == b"a CRL"
        answer = httpx.post(
            f"http://127.0.0.1:{web}/ocsp",
            content=inquiry.request(issuer, [1], b"nonce"),
            headers={"Content-Type": "application/ocsp-request"},
        )
        status = ocsp.load_der_ocsp_response(answer.content).response_status
        assert status is ocsp.OCSPResponseStatus.TRY_LATER
        with pytest.raises(httpx.ConnectError):
            httpx.post(f"http://127.0.0.1:{called}{STATUS_PATH}")


def test_the_web_answers_ocsp_as_soon_as_the_register_is_open(home: Path, token_home: Path) -> None:
    issuer = x509.load_der_x509_certificate((home / "published/ca.cer").read_bytes())
    asked = base64.b64encode(inquiry.request(issuer, [1], b"nonce"))
    web = free_port()
    url = f"http://127.0.0.1:{web}/ocsp/{quote(asked, safe='')}"
    with running(
        home, "web", BOT_TOKENS__PINS=str(token_home / "pins"), BOT_WEB__PORT=str(web)
    ):  # fmt: skip
        while (answer := ocsp.load_der_ocsp_response(httpx.get(url).content)).response_status is (
            ocsp.OCSPResponseStatus.TRY_LATER
        ):
            pass
    assert answer.certificate_status is ocsp.OCSPCertStatus.UNKNOWN


def test_the_carrier_s_listener_listens_and_serves_nothing_else(home: Path) -> None:
    web, called = free_port(), free_port()
    with running(
        home, "callbacks", BOT_WEB__PORT=str(web), BOT_SMS__CALLBACKS__PORT=str(called)
    ):  # fmt: skip
        assert httpx.post(f"http://127.0.0.1:{called}{STATUS_PATH}").status_code == 403
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"http://127.0.0.1:{web}/pki/ca.cer")


def test_a_listener_that_nobody_would_call_is_refused(bot: Bot, home: Path) -> None:
    says = bot.at(home).refuses("callbacks")
    assert "sms.callbacks.base_url is empty" in says
    assert "Set it" in says


def test_a_web_that_could_not_answer_is_refused(bot: Bot, home: Path) -> None:
    says = bot.at(home).refuses("web")
    assert "The PIN of token bot-ocsp is not in" in says
