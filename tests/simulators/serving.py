"""A simulated API on a real socket, or as httpx's transport for stories that would take too long on one."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol
from urllib.parse import parse_qsl

import httpx
import uvicorn

from tests.simulators.exchange import Asked, Told


class Site(Protocol):
    """A simulated provider's API."""

    base_url: str

    def answer(self, asked: Asked) -> Told: ...


class InProcess(httpx.BaseTransport):
    """Calls without a socket, whatever the host. An answer that hangs is a read time-out at once."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        asked = Asked(
            request.method,
            request.url.path,
            dict(request.url.params),
            {name.lower(): value for name, value in request.headers.items()},
            request.read(),
        )
        answer = self._site.answer(asked)
        if answer.hangs:
            raise httpx.ReadTimeout("no answer")
        if answer.cuts:
            raise httpx.RemoteProtocolError("cut")
        return httpx.Response(answer.status, headers=answer.headers, content=answer.body)


class AsgiSite:
    """A simulated API as an ASGI app. `patience`: how many seconds an answer hangs before its connection ends."""

    def __init__(self, site: Site, patience: float = 30.0) -> None:
        self._site = site
        self._patience = patience

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        asked = Asked(
            scope["method"],
            scope["path"],
            dict(parse_qsl(scope["query_string"].decode())),
            {name.decode().lower(): value.decode() for name, value in scope["headers"]},
            body,
        )
        answer = await asyncio.to_thread(self._site.answer, asked)
        await self._tell(answer, receive, send)

    async def _tell(self, answer: Told, receive: Any, send: Any) -> None:
        if answer.hangs:
            with_end = asyncio.create_task(receive())
            await asyncio.wait([with_end], timeout=self._patience)
            with_end.cancel()
        length = len(answer.body) + (1000 if answer.cuts else 0)
        headers = [(name.encode(), value.encode()) for name, value in answer.headers.items()]
        headers.append((b"content-length", str(length).encode()))
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": answer.body, "more_body": answer.cuts})


@contextmanager
def on_socket(site: Site, *, port: int = 0, patience: float = 30.0) -> Iterator[str]:
    """Serve a site from a thread of this process; yields its base URL, and tells the site."""
    config = uvicorn.Config(
        AsgiSite(site, patience),
        host="127.0.0.1",
        port=port,
        log_config=None,
        lifespan="off",
        access_log=False,
    )
    server = uvicorn.Server(config)
    listener = config.bind_socket()
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="simulator")
    thread.start()
    site.base_url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    try:
        yield site.base_url
    finally:
        server.should_exit = server.force_exit = True
        thread.join()
        listener.close()
