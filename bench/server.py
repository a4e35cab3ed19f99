"""The web process as it is, with one route more: /bare reads the body and answers 204."""

from scripts import processes
from scripts.serve import Receive, Scope, Send, Site


class SiteBesideBare(Site):
    """Behind the same server and the same dispatch, so that their difference is the receiver."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == "/bare":
            await _bare(receive, send)
        else:
            await super().__call__(scope, receive, send)


async def _bare(receive: Receive, send: Send) -> None:
    more = True
    while more:
        more = (await receive()).get("more_body", False)
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})


if __name__ == "__main__":
    processes.Site = SiteBesideBare
    processes.web(host="127.0.0.1", port=None)
