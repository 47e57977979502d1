"""OCSP over HTTP (RFC 6960 A.1, RFC 5019), as caches and hostile clients use it."""

import base64
import hashlib
import random
from collections.abc import AsyncIterator
from datetime import timedelta
from email.utils import format_datetime
from urllib.parse import quote

import pytest
from cryptography.x509 import ocsp
from cryptography.x509.ocsp import OCSPResponseStatus

from bot.web import OCSP_LIMIT
from tests.ca.builders import NOW
from tests.procedures.status_world import World, asking, without_nonce

SUCCESSFUL, MALFORMED = OCSPResponseStatus.SUCCESSFUL, OCSPResponseStatus.MALFORMED_REQUEST
KIND = {"Content-Type": "application/ocsp-request"}
URL = "http://pki/ocsp"


def status_of(answer: bytes) -> OCSPResponseStatus:
    return ocsp.load_der_ocsp_response(answer).response_status


@pytest.mark.parametrize("url", [URL, f"{URL}/"])
async def test_a_posted_request_is_answered_and_kept_by_nobody(world: World, url: str) -> None:
    answer = await world.services.outside.post(url, content=asking(world.chain, 1), headers=KIND)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/ocsp-response"
    assert answer.headers["cache-control"] == "no-cache"
    assert world.said(answer.content) == {1: "UNKNOWN"}


def with_slashes(world: World) -> bytes:
    """A request whose Base64 has all of what a URL makes trouble with."""
    numbers = random.Random(0)
    while True:
        request = without_nonce(world.chain, numbers.getrandbits(numbers.randint(100, 150)))
        if {*"/+="} <= {*base64.b64encode(request).decode()}:
            return request


@pytest.mark.parametrize("safe", ["", "/", "/+="], ids=["all", "slashes", "nothing"])
async def test_one_in_the_address_is_answered_and_kept_while_it_holds(
    world: World, safe: str
) -> None:
    text = quote(base64.b64encode(with_slashes(world)), safe=safe)
    answer = await world.services.outside.get(f"{URL}/{text}")
    assert answer.headers["content-type"] == "application/ocsp-response"
    assert status_of(answer.content) is SUCCESSFUL
    ends = NOW + timedelta(minutes=10)
    assert answer.headers["cache-control"] == ("max-age=600, public, no-transform, must-revalidate")
    assert answer.headers["last-modified"] == format_datetime(NOW, usegmt=True)
    assert answer.headers["expires"] == format_datetime(ends, usegmt=True)
    assert answer.headers["etag"] == f'"{hashlib.sha256(answer.content).hexdigest()}"'


async def test_one_with_a_nonce_in_the_address_is_for_one_reader(world: World) -> None:
    text = quote(base64.b64encode(asking(world.chain, 1)), safe="")
    answer = await world.services.outside.get(f"{URL}/{text}")
    assert world.said(answer.content) == {1: "UNKNOWN"}
    assert answer.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize(
    "text",
    ["%", "MEA", "MEA%3D%3D%3D", "no Base64", "MEA%0A", "%00", "%ff", "Nguy%E1%BB%85n", "..%2f..",
     "MAA="],
)  # fmt: skip
async def test_what_is_no_request_is_said_to_be_none(world: World, text: str) -> None:
    answer = await world.services.outside.get(f"{URL}/{text}")
    assert status_of(answer.content) is MALFORMED
    assert answer.headers["cache-control"] == "no-cache"


class TestTooMuch:
    async def test_in_the_address(self, world: World) -> None:
        text = base64.b64encode(b"\x30" * (OCSP_LIMIT + 1)).decode()
        assert (await world.services.outside.get(f"{URL}/{text}")).status_code == 413

    async def test_in_one_piece(self, world: World) -> None:
        outside = world.services.outside
        for size, status in ((OCSP_LIMIT, 200), (OCSP_LIMIT + 1, 413)):
            answer = await outside.post(URL, content=b"\x30" * size, headers=KIND)
            assert answer.status_code == status

    async def test_without_end(self, world: World) -> None:
        read = 0

        async def endless() -> AsyncIterator[bytes]:
            nonlocal read
            while True:
                read += 1_000
                yield b"\x30" * 1_000

        answer = await world.services.outside.post(URL, content=endless(), headers=KIND)
        assert answer.status_code == 413
        assert read <= OCSP_LIMIT + 2_000


@pytest.mark.parametrize(
    ("method", "kind", "status"),
    [
        ("POST", "application/x-www-form-urlencoded", 415),
        ("POST", "", 415),
        ("POST", "Application/OCSP-Request; x=y", 200),
        ("GET", "application/ocsp-request", 405),
        ("PUT", "application/ocsp-request", 405),
    ],
)
async def test_other_ways_are_none(world: World, method: str, kind: str, status: int) -> None:
    answer = await world.services.outside.request(
        method, URL, content=asking(world.chain, 1), headers={"Content-Type": kind}
    )
    assert answer.status_code == status
