"""What relying parties fetch: the CRL and the CA's certificate; and a sign of life."""

from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from bot.procedures.publish import CERTIFICATE_FILE, CRL_FILE

MEDIA_TYPES = {  # RFC 2585, 4
    CRL_FILE: "application/pkix-crl",
    CERTIFICATE_FILE: "application/pkix-cert",
}


def site(published: Path) -> Starlette:
    """The pages of the outside world; they read one folder and nothing else."""

    async def file(request: Request) -> Response:
        name = request.path_params["name"]
        path = published / name
        if name not in MEDIA_TYPES or not path.is_file():
            return Response(status_code=404)
        return FileResponse(path, media_type=MEDIA_TYPES[name])

    async def healthz(request: Request) -> Response:
        ready = all((published / name).is_file() for name in MEDIA_TYPES)
        return JSONResponse({"ready": ready}, status_code=200 if ready else 503)

    return Starlette(routes=[Route("/pki/{name}", file), Route("/healthz", healthz)])
