"""What relying parties fetch: the CRL and the CA's certificate; and a sign of life."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from cryptography import x509
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from bot.procedures.publish import CERTIFICATE_FILE, CRL_FILE

MEDIA_TYPES = {  # RFC 2585, 4
    CRL_FILE: "application/pkix-crl",
    CERTIFICATE_FILE: "application/pkix-cert",
}


def site(published: Path, now: Callable[[], datetime]) -> Starlette:
    """The pages of the outside world; they read one folder and nothing else."""

    async def file(request: Request) -> Response:
        name = request.path_params["name"]
        path = published / name
        if name not in MEDIA_TYPES or not path.is_file():
            return Response(status_code=404)
        return FileResponse(path, media_type=MEDIA_TYPES[name])

    def healthz(request: Request) -> Response:  # reads files: a thread's work
        ready = (published / CERTIFICATE_FILE).is_file() and _is_current(published, now())
        return JSONResponse({"ready": ready}, status_code=200 if ready else 503)

    return Starlette(routes=[Route("/pki/{name}", file), Route("/healthz", healthz)])


def _is_current(published: Path, now: datetime) -> bool:
    """Whether relying parties find a CRL that has not lapsed."""
    try:
        crl = x509.load_der_x509_crl((published / CRL_FILE).read_bytes())
    except (OSError, ValueError):
        return False
    return crl.next_update_utc is not None and now < crl.next_update_utc
