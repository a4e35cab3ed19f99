"""The envelope: the headers that every answer carries, and what becomes of a failure that nobody foresaw."""

from collections.abc import Callable

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from boot.logs import get_logger
from db.ids import new_id_text

SECURITY = {
    "Content-Security-Policy": (
        "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Not no-referrer: with that, browsers send our own forms with `Origin: null`, and same_site refuses them.
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}

_log = get_logger("web")


class Envelope:
    """ASGI middleware around the whole app."""

    def __init__(self, app: ASGIApp, failed: Callable[[Request, str], Response]) -> None:
        """`failed` makes the answer to a request that broke, from it and the trace id that the log has."""
        self._app = app
        self._failed = failed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; a failure is logged without values and answered 500 if nothing was yet."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def sealed(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            await self._app(scope, receive, sealed)
        except Exception as error:
            route = getattr(scope.get("route"), "path", None)
            trace_id = new_id_text()
            _log.error(
                "request_failed",
                exc_info=error,
                path_template=route,
                method=scope["method"],
                trace_id=trace_id,
            )
            if started:
                raise
            await self._failed(Request(scope), trace_id)(scope, receive, sealed)
