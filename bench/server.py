"""The web process as it is, with two routes more that read the body and answer 204.

`/bare` is an ordinary Starlette route, as the reference asks for; `/rawest` is the same without any
framework, behind the very dispatch that the receiver has: what the server itself can do.
"""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from scripts import web
from scripts.serve import Receive, Scope, Send, Site


async def _bare(request: Request) -> Response:
    await request.body()
    return Response(status_code=204)


BARE = Starlette(routes=[Route("/bare", _bare, methods=["POST"])])


class SiteBesideBare(Site):
    """Behind the same server, so that their difference is the receiver."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == "/bare":
            await BARE(scope, receive, send)
        elif scope["type"] == "http" and scope["path"] == "/rawest":
            await _rawest(receive, send)
        else:
            await super().__call__(scope, receive, send)


async def _rawest(receive: Receive, send: Send) -> None:
    more = True
    while more:
        more = (await receive()).get("more_body", False)
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})


if __name__ == "__main__":
    web.Site = SiteBesideBare
    web.web(host="127.0.0.1", port=None)
