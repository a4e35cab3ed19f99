"""Mutations: recorded bodies bent out of shape, bytes of no shape at all, and headers that lie."""

import json
import random
from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

NAUGHTY: list[Any] = [
    None, True, False, 0, -1, 2**63, 10**400, 1e308, float("inf"), float("nan"), "", " ", "\0", "a\0b", "\ud800",
    "\udfff\ud800", "\u202e", "\ufeff", "²", "9" * 400, "x" * 5_000, "é" * 3_000, "../../etc/passwd", "a@b",
    "2026-13-45T99:99", "2026-05-11T13:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59Z", "2026-03-29T02:30:00",
    "٢٠٢٦-٠١-٠١T٠٠:٠٠", "America", "Europe/Berlin\0", "lead:nobody", "%00", "${jndi:ldap://x}", "'; DROP TABLE lead; --",
    "<script>alert(1)</script>", "=cmd|' /C calc'!A0", "+1" * 40, [], {}, [[]], [None] * 50, {"": ""}, {"\0": "\0"},
]  # fmt: skip

Headers = list[tuple[bytes, bytes]]


def places_of(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a JSON value but the whole."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, one in inner:
        yield (*path, step)
        yield from places_of(one, (*path, step))


def bent(body: Any, dice: random.Random) -> Any:
    """A copy with one to four changes: a value replaced, dropped, moved from elsewhere, wrapped or renamed."""
    copy = deepcopy(body)
    for _ in range(dice.randint(1, 4)):
        places = list(places_of(copy))
        if not places:
            break
        path = dice.choice(places)
        dice.choice(_CHANGES)(_at(copy, path[:-1]), path[-1], copy, dice)
    return copy


def _at(value: Any, path: tuple[Any, ...]) -> Any:
    for step in path:
        value = value[step]
    return value


def _replace(holder: Any, step: Any, _: Any, dice: random.Random) -> None:
    holder[step] = deepcopy(dice.choice(NAUGHTY))


def _drop(holder: Any, step: Any, _: Any, __: random.Random) -> None:
    del holder[step]


def _wrap(holder: Any, step: Any, _: Any, dice: random.Random) -> None:
    holder[step] = dice.choice([[holder[step]], {"value": holder[step]}, [holder[step]] * 30])


def _graft(holder: Any, step: Any, whole: Any, dice: random.Random) -> None:
    """Another place's value, as it is: types change, persons' words turn up where none belong."""
    holder[step] = deepcopy(_at(whole, dice.choice(list(places_of(whole)))))


def _rename(holder: Any, step: Any, _: Any, dice: random.Random) -> None:
    if isinstance(holder, dict):
        holder[f"{step}{dice.choice(['', ' ', '_', chr(0), 'é'])}"] = holder.pop(step)


def _cut(holder: Any, step: Any, _: Any, dice: random.Random) -> None:
    if isinstance(holder[step], str) and holder[step]:
        text = holder[step]
        place = dice.randrange(len(text))
        holder[step] = (
            text[:place] + dice.choice(["", "\0", "\ud800", "Z", "+", "%", "\n"]) + text[place + 1 :]
        )


Change = Callable[[Any, Any, Any, random.Random], None]
_CHANGES: list[Change] = [_replace, _replace, _drop, _wrap, _graft, _rename, _cut, _cut]


def as_bytes(body: Any, dice: random.Random) -> bytes:
    """Write JSON, sometimes as no careful program would."""
    text = json.dumps(body, ensure_ascii=dice.random() < 0.5)
    way = dice.random()
    if way < 0.85:
        return text.encode("utf-8", "surrogatepass")
    if way < 0.88:
        return text.encode(dice.choice(["utf-16", "utf-32", "utf-8-sig"]), "surrogatepass")
    if way < 0.91:
        return text.encode("latin-1", "replace")
    if way < 0.94:  # a key twice
        return text.replace("{", '{"payload": 7, "event": [], ', 1).encode("utf-8", "surrogatepass")
    return damaged(text.encode("utf-8", "surrogatepass"), dice)


def damaged(raw: bytes, dice: random.Random) -> bytes:
    """Some bytes changed, and perhaps an end that is missing."""
    body = bytearray(raw)
    for _ in range(dice.randint(1, 6)):
        body[dice.randrange(len(body))] = dice.randrange(256)
    return bytes(body[: dice.randint(1, len(body))]) if dice.random() < 0.5 else bytes(body)


def shapeless(dice: random.Random) -> bytes:
    """Bytes that no recording is behind."""
    depth = dice.choice([3, 900, 1_100, 60_000])
    return dice.choice(
        [
            dice.randbytes(dice.randint(0, 400)),
            b"[" * depth + b"]" * depth,
            b'{"payload":' * depth,
            b'{"payload":' * depth + b"1" + b"}" * depth,
            b'{"event": "invitee.created", "payload": {"uri": ' + b"9" * depth + b"}}",
            b'{"payload": {"uri": 1e999, "x": -1E-999}}',
            b'{"event": NaN, "payload": Infinity}',
            b'{"a":1,' * 20 + b"}",
            b'{"\\ud800": "\\udc00\\ud800"}',
            b'"' + b"\\u0000" * 2_000 + b'"',
            b"x" * dice.choice([10, 262_144, 262_145, 400_000]),
            b"",
        ]
    )


def bent_headers(headers: Headers, dice: random.Random) -> Headers:
    """Headers as a stranger, a broken proxy or an attacker would send them."""
    name, value = headers[0] if headers else (b"x-signature", b"")
    hostile: list[Headers] = [
        [],
        [(name, b"")],
        [(name, dice.randbytes(60))],
        [(name, value[:-1])],
        [(name, value + value)],
        [(name, value), (name, b"t=1,v1=00")],
        [(name, b"t=" + b"9" * 5_000 + b",v1=" + b"0" * 64)],
        [(name, b"t=\xb2,v1=zz" * 500)],
        [(name, b"v1=" + b"," * 9_000)],
        [(name.upper(), value)],
        [*headers, (b"content-length", b"99999999999999999999")],
        [*headers, (b"content-length", b"-1")],
        [*headers, (b"content-length", b"\xff")],
        [*headers, (b"content-encoding", b"gzip"), (b"transfer-encoding", b"chunked")],
        [*headers, (b"content-type", b"multipart/form-data; boundary=\x00")],
        [*headers, *[(b"x-%d" % number, b"y" * 500) for number in range(200)]],
        [*headers, (b"x-forwarded-for", b"\x00\xff" * 100), (b"host", b"..//\\"), (b"authorization", b"Bearer \xff")],
    ]  # fmt: skip
    return dice.choice(hostile)
