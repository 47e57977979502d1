"""What the outside world fetches: the CRL and the CA's certificate, blank forms, a sign of life."""

import asyncio
import hashlib
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from cryptography import x509
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from bot.outbox.handouts import Handout, Handouts
from bot.procedures.publish import CERTIFICATE_FILE, CRL_FILE

MEDIA_TYPES = {  # RFC 2585, 4
    CRL_FILE: "application/pkix-crl",
    CERTIFICATE_FILE: "application/pkix-cert",
}
KEEP = {
    "Cache-Control": "public, max-age=3600",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "X-Content-Type-Options": "nosniff",
}


def site(published: Path, handouts: Handouts, now: Callable[[], datetime]) -> Starlette:
    """The pages of the outside world; they read one folder, and what the bot brings along."""
    making = asyncio.Lock()

    async def file(request: Request) -> Response:
        name = request.path_params["name"]
        path = published / name
        if name not in MEDIA_TYPES or not path.is_file():
            return Response(status_code=404)
        return FileResponse(path, media_type=MEDIA_TYPES[name])

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
        ready = (published / CERTIFICATE_FILE).is_file() and _is_current(published, now())
        return JSONResponse({"ready": ready}, status_code=200 if ready else 503)

    return Starlette(
        routes=[
            Route("/pki/{name}", file),
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


def _is_current(published: Path, now: datetime) -> bool:
    """Whether relying parties find a CRL that has not lapsed."""
    try:
        crl = x509.load_der_x509_crl((published / CRL_FILE).read_bytes())
    except (OSError, ValueError):
        return False
    return crl.next_update_utc is not None and now < crl.next_update_utc
