"""What the outside world asks for: the CRL and the CA's certificate, a certificate's status,
blank forms, a sign of life.
"""

import asyncio
import base64
import hashlib
from collections.abc import Callable
from datetime import datetime
from email.utils import format_datetime
from pathlib import Path

from cryptography import x509
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from bot.outbox.handouts import Handout, Handouts
from bot.procedures.services import CERTIFICATE_FILE, CRL_FILE, OCSP_PATH, RESPONDER_FILE
from bot.procedures.status.respond import Answer, Responder

MEDIA_TYPES = {  # RFC 2585, 4
    CRL_FILE: "application/pkix-crl",
    CERTIFICATE_FILE: "application/pkix-cert",
}
OCSP_REQUEST, OCSP_RESPONSE = "application/ocsp-request", "application/ocsp-response"
OCSP_LIMIT = 10_000  # bytes of a request
OCSP_PATIENCE = 10  # seconds until it has come
SOON = {"Cache-Control": "public, max-age=60"}  # a revocation must be seen soon
NEVER = {"Cache-Control": "no-cache"}
KEEP = {
    "Cache-Control": "public, max-age=3600",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "X-Content-Type-Options": "nosniff",
}


def site(
    published: Path, handouts: Handouts, responder: Responder, now: Callable[[], datetime]
) -> Starlette:
    """The pages of the outside world; they read one folder, and what the bot brings along.

    Only `responder` needs more, and it answers whatever else is away.
    """
    making = asyncio.Lock()

    async def file(request: Request) -> Response:
        name = request.path_params["name"]
        path = published / name
        if name not in MEDIA_TYPES or not path.is_file():
            return Response(status_code=404)
        return FileResponse(path, media_type=MEDIA_TYPES[name], headers=SOON)

    async def handout(request: Request) -> Response:
        one = handouts.find(request.path_params.get("name", ""))
        if one is None:
            return Response("Không có trang này.\n", status_code=404, media_type="text/plain")
        content = handouts.made(one)
        if content is None:
            async with making:  # who waits for the first copy takes up no thread
                content = await asyncio.to_thread(handouts.content, one)
        return _kept(request, one, content)

    def healthz(request: Request) -> Response:  # reads files: a thread's work
        ready = (
            (published / CERTIFICATE_FILE).is_file()
            and _is_current(published, now())
            and _answers(published, now())
        )
        return JSONResponse({"ready": ready}, status_code=200 if ready else 503)

    return Starlette(
        routes=[
            Route("/pki/{name}", file),
            *_ocsp(responder, now),
            Route("/bieu-mau/", handout),
            Route("/bieu-mau/{name}", handout),
            Route("/healthz", healthz),
        ]
    )


def _kept(request: Request, handout: Handout, content: bytes) -> Response:
    """RFC 9110 13.1.2: who has it already is only told so."""
    tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    headers = {**KEEP, "ETag": tag}
    known = request.headers.get("if-none-match", "")
    if known == "*" or tag in known.replace("W/", "").replace(" ", "").split(","):
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=handout.type, headers=headers)


def _ocsp(responder: Responder, now: Callable[[], datetime]) -> list[Route]:
    """RFC 6960 A.1; by GET also for caches (RFC 5019 5 and 6)."""

    async def posted(request: Request) -> Response:
        kind = request.headers.get("content-type", "").partition(";")[0]
        if kind.strip().lower() != OCSP_REQUEST:
            return Response(status_code=415)
        body = await _body(request)
        if body is None:
            return Response(status_code=413)
        answer = await responder.answer(body)
        return Response(answer.der, media_type=OCSP_RESPONSE, headers=NEVER)

    async def got(request: Request) -> Response:
        try:
            asked = base64.b64decode(request.path_params["request"], validate=True)
        except ValueError:
            asked = b""  # no request either
        if len(asked) > OCSP_LIMIT:
            return Response(status_code=413)
        answer = await responder.answer(asked)
        return Response(answer.der, media_type=OCSP_RESPONSE, headers=_keeping(answer, now()))

    return [
        Route(OCSP_PATH, posted, methods=["POST"]),
        Route(f"{OCSP_PATH}/", posted, methods=["POST"]),
        Route(f"{OCSP_PATH}/{{request:path}}", got),
    ]


async def _body(request: Request) -> bytes | None:
    """What was posted; None when that is too much, or does not come."""
    body = bytearray()
    try:
        async with asyncio.timeout(OCSP_PATIENCE):
            async for piece in request.stream():
                body += piece
                if len(body) > OCSP_LIMIT:
                    return None
    except (TimeoutError, ClientDisconnect):
        return None
    return bytes(body)


def _keeping(answer: Answer, now: datetime) -> dict[str, str]:
    """Until when caches may keep it (RFC 5019 6.2)."""
    if answer.since is None or answer.until is None:
        return NEVER
    seconds = max(0, int((answer.until - now).total_seconds()))
    return {
        "Cache-Control": f"max-age={seconds}, public, no-transform, must-revalidate",
        "Last-Modified": format_datetime(answer.since, usegmt=True),
        "Expires": format_datetime(answer.until, usegmt=True),
        "ETag": f'"{hashlib.sha256(answer.der).hexdigest()}"',
    }


def _answers(published: Path, now: datetime) -> bool:
    """Whether relying parties would believe the OCSP responder."""
    try:
        certificate = x509.load_der_x509_certificate((published / RESPONDER_FILE).read_bytes())
    except (OSError, ValueError):
        return False
    return certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc


def _is_current(published: Path, now: datetime) -> bool:
    """Whether relying parties find a CRL that has not lapsed."""
    try:
        crl = x509.load_der_x509_crl((published / CRL_FILE).read_bytes())
    except (OSError, ValueError):
        return False
    return crl.next_update_utc is not None and now < crl.next_update_utc
