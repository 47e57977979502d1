"""What the carrier calls us with, on a listener of its own; signed, or nothing happens."""

from collections.abc import Awaitable, Callable
from datetime import datetime

import structlog
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.errors import Refused
from bot.procedures.arrival import record_report
from bot.procedures.inbound import receive
from bot.sms.gateway import Incoming
from bot.sms.twilio_callbacks import INBOUND_PATH, SIGNATURE, STATUS_PATH, Callbacks

log = structlog.get_logger()

SIZE_LIMIT = 64 * 1024  # bytes of a form; 1,600 characters take 15 kB at most
NO_ANSWER = Response("<Response/>", media_type="text/xml")  # TwiML: answers go out as notices

Handler = Callable[[Request], Awaitable[Response]]


class TooLarge(Refused):
    """No form of the carrier's is so large."""

    code = "sms.too_large"


STATUSES = {"sms.forged": 403, "sms.too_large": 413}  # else 400


def site(
    callbacks: Callbacks, now: Callable[[], Awaitable[datetime]], *, inbound: bool
) -> Starlette:
    """The listener. It needs the register and the auth token, and no other secret.

    A message whose status comes before we have committed what it is called is
    answered with 404: the carrier is asked about it later. Who has not signed a
    call costs the register nothing, not even a look at its clock (`now`).

    Args:
        inbound: whether messages to us come this way.
    """

    async def status(request: Request) -> Response:
        reference, report = callbacks.status(await _body(request), _signature(request))
        known = await record_report(reference, report, await now())
        return Response(status_code=204 if known else 404)

    async def message(request: Request) -> Response:
        said = callbacks.inbound(await _body(request), _signature(request))
        at = await now()
        await receive(Incoming(*said, received_at=at), at)
        return NO_ANSWER

    routes = [Route(STATUS_PATH, _guarded(status), methods=["POST"])]
    if inbound:
        routes.append(Route(INBOUND_PATH, _guarded(message), methods=["POST"]))
    return Starlette(routes=routes)


def _guarded(handler: Handler) -> Handler:
    """What is refused gets a status, and leaves a code in the log."""

    async def guarded(request: Request) -> Response:
        try:
            return await handler(request)
        except Refused as refused:
            log.warning("callback.refused", path=request.url.path, code=refused.code)
            return Response(status_code=STATUSES.get(refused.code, 400))

    return guarded


def _signature(request: Request) -> str:
    return request.headers.get(SIGNATURE, "")


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > SIZE_LIMIT:
            raise TooLarge
    return bytes(body)
