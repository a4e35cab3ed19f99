"""What goes wrong: by rate, by kind, or for the next so many calls. Seeded."""

import json
import random
import threading
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tests.simulators.exchange import Asked, Told, told

# What is done to the answer, after the call took effect as it should have.
SPOILS: dict[str, Callable[[Told], Told]] = {
    "empty": lambda answer: Told(201 if answer.status < 300 else answer.status),
    "wrapped": lambda answer: replace(answer, body=b'{"data":' + answer.body + b"}"),
    "listed": lambda answer: replace(answer, body=b"[" + answer.body + b"]"),
    "renamed": lambda answer: replace(answer, body=_renamed(answer.body)),
    "truncated": lambda answer: replace(answer, body=answer.body[: max(len(answer.body) // 2, 1)]),
    "hangs": lambda answer: replace(answer, hangs=True),
    "cut": lambda answer: replace(answer, cuts=True),
}
# What comes instead of the call. Canaries stand where real providers repeat what they were sent.
INSTEAD: dict[str, Callable[[str], Told]] = {
    "429": lambda canary: told(429, {}, **{"retry-after": "2"}),
    "429_bare": lambda canary: told(429, {}),
    "500": lambda canary: told(500, {"title": "Internal Server Error", "message": canary}),
    "503": lambda canary: told(503, {"message": canary}),
    "4xx_as_500": lambda canary: told(500, {"statusCode": 400, "message": canary}),
    "400": lambda canary: told(
        400, {"title": "Invalid Argument", "details": [{"parameter": canary, "message": canary}]}
    ),
    "401": lambda canary: told(401, {"statusCode": 401, "message": f"Invalid token {canary}"}),
    "403": lambda canary: told(403, {"title": "Permission Denied", "message": canary}),
    "422": lambda canary: told(422, {"statusCode": 422, "message": [canary, canary], "error": canary}),
    "html": lambda canary: Told(502, f"<html><b>{canary}</b></html>".encode(), {"content-type": "text/html"}),
    "html_200": lambda canary: Told(
        200, f"<html><b>{canary}</b></html>".encode(), {"content-type": "text/html"}
    ),
    "hangs_before": lambda canary: Told(200, hangs=True),
    "redirect": lambda canary: Told(302, b"", {"location": f"https://elsewhere.example/{canary}"}),
}
KINDS = (*SPOILS, *INSTEAD)


def _renamed(body: bytes) -> bytes:
    def rename(said: Any) -> Any:
        if isinstance(said, dict):
            return {f"{name}_v3": rename(value) for name, value in said.items()}
        return [rename(one) for one in said] if isinstance(said, list) else said

    return json.dumps(rename(json.loads(body or b"{}"))).encode()


class Faults:
    """The faults of one simulated API, as they are set."""

    def __init__(self, seed: int = 1, canary: str = "canary") -> None:
        self.canary = canary
        self.happened: Counter[str] = Counter()
        self._random = random.Random(seed)
        self._rates: dict[str, tuple[float, str]] = {}
        self._next: deque[tuple[str, str]] = deque()
        self._lock = threading.Lock()

    def rate(self, kind: str, share: float, *, path: str = "") -> None:
        """Have this share of the calls go wrong in one way; 0 ends it.

        `path`: only of those whose path begins so, or whose method and path do: `/contacts`, `POST /contacts`.
        """
        assert kind in KINDS
        self._rates[kind] = (share, path)

    def next(self, *kinds: str, path: str = "") -> None:
        """Have the next calls go wrong, one for each kind."""
        assert set(kinds) <= set(KINDS)
        self._next.extend((kind, path) for kind in kinds)

    def clear(self) -> None:
        """Have nothing go wrong any more."""
        self._rates.clear()
        self._next.clear()

    def spoiled(self, asked: Asked, act: Callable[[], Told]) -> Told:
        """Answer a call, or do to it what chance or the story has in store."""
        kind = self._chosen(asked)
        if kind is None:
            return act()
        self.happened[kind] += 1
        return INSTEAD[kind](self.canary) if kind in INSTEAD else SPOILS[kind](act())

    def _chosen(self, asked: Asked) -> str | None:
        with self._lock:
            if self._next and _meant(self._next[0][1], asked):
                return self._next.popleft()[0]
            for kind, (share, path) in self._rates.items():
                if _meant(path, asked) and self._random.random() < share:
                    return kind
        return None


def _meant(path: str, asked: Asked) -> bool:
    return asked.path.startswith(path) or f"{asked.method} {asked.path}".startswith(path)
