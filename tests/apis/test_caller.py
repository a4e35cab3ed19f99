"""Calls: every documented failure becomes a word of ours, and nothing of a provider's gets out by it."""

import logging
import traceback
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from ingest.apis import errors, http
from ingest.apis.api import ApiFailed
from ingest.apis.caller import Caller
from ingest.apis.tokens import FixedToken
from tests.apis.conftest import CANARY, Stage, caller_of
from tests.simulators.faults import KINDS

ME = "/users/me"


class Counted:
    """A budget that counts."""

    def __init__(self) -> None:
        self.spent = 0
        self.pauses: list[float] = []

    def spend(self) -> None:
        self.spent += 1

    def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)


@pytest.fixture
def budget() -> Counted:
    return Counted()


@pytest.fixture
def caller(calendly: Stage, budget: Counted) -> Caller:
    return caller_of(calendly.site, calendly.account, budget=budget)


WORDS = {
    "empty": "empty_answer",
    "listed": "wrapped_answer",
    "truncated": "not_json",
    "hangs": "timeout",
    "cut": "broken_answer",
    "429": "http_429",
    "429_bare": "http_429",
    "500": "http_5xx",
    "503": "http_5xx",
    "4xx_as_500": "http_400",
    "400": "http_400",
    "401": "unauthorized",
    "403": "http_403",
    "422": "http_422",
    "html": "http_5xx",
    "html_200": "html_answer",
    "hangs_before": "timeout",
    "redirect": "redirected",
}
READ_ELSEWHERE = {"wrapped", "renamed"}
"""Objects still; whoever reads them refuses them."""
ASKED_AGAIN = {"hangs", "cut", "500", "503", "html", "hangs_before"}


def test_every_kind_of_fault_has_its_word() -> None:
    assert WORDS.keys() | READ_ELSEWHERE == set(KINDS)


@pytest.mark.parametrize("kind", sorted(WORDS))
def test_a_failure_is_named_in_our_words_and_asked_again_only_if_that_helps(
    calendly: Stage, caller: Caller, budget: Counted, kind: str
) -> None:
    calendly.site.faults.rate(kind, 1.0)
    with pytest.raises(ApiFailed) as failed:
        caller.get(ME)
    assert (failed.value.error, budget.spent) == (WORDS[kind], 3 if kind in ASKED_AGAIN else 1)


@pytest.mark.parametrize("kind", sorted(WORDS))
def test_nothing_of_an_error_body_or_an_address_is_told(
    calendly: Stage,
    caller: Caller,
    kind: str,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    calendly.site.faults.rate(kind, 1.0)
    with caplog.at_level(logging.DEBUG), pytest.raises(ApiFailed) as failed:
        caller.get(ME, {"invitee_email": CANARY})
    told = (
        "".join(traceback.format_exception(failed.value))
        + repr(failed.value)
        + caplog.text
        + "".join(capsys.readouterr())
    )
    assert "canary" not in told
    assert failed.value.__cause__ is None


@pytest.mark.parametrize("kind", sorted(ASKED_AGAIN))
def test_a_passing_failure_is_got_over(calendly: Stage, caller: Caller, kind: str) -> None:
    calendly.site.faults.next(kind, kind)
    assert caller.get(ME)["resource"]


@pytest.mark.parametrize("kind", ["hangs", "500", "cut"])
def test_a_post_is_never_repeated(calendly: Stage, caller: Caller, budget: Counted, kind: str) -> None:
    calendly.site.faults.next(kind)
    with pytest.raises(ApiFailed):
        caller.post("/webhook_subscriptions", {"url": "u", "events": [], "scope": "user"})
    assert budget.spent == 1


def test_a_429_pauses_everybody_for_as_long_as_it_says(
    calendly: Stage, caller: Caller, budget: Counted
) -> None:
    calendly.site.faults.next("429")
    with pytest.raises(ApiFailed) as failed:
        caller.get(ME)
    assert (failed.value.retry_after, budget.pauses) == (2.0, [2.0])


def test_the_last_call_of_a_window_pauses_everybody(calendly: Stage, caller: Caller, budget: Counted) -> None:
    calendly.site.limits.bounds = ((2, 60.0),)
    caller.get(ME)
    assert budget.pauses == []
    caller.get(ME)
    assert budget.pauses == [60.0]


HEADERS: list[tuple[dict[str, str], float | None]] = [
    ({}, None),
    ({"retry-after": "7"}, 7.0),
    ({"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"}, None),
    ({"retry-after": "-3"}, None),
    ({"retry-after": "²"}, None),
    ({"retry-after": "999999999"}, 86_400.0),
    ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "31"}, 31.0),
    ({"x-ratelimit-remaining": "4", "x-ratelimit-reset": "31"}, None),
    ({"x-ratelimit-remaining": "0", "x-ratelimit-interval-milliseconds": "10000"}, 10.0),
    ({"x-ratelimit-daily-remaining": "0", "x-ratelimit-remaining": "99"}, 3600.0),
]


@pytest.mark.parametrize(("headers", "seconds"), HEADERS, ids=[str(number) for number in range(len(HEADERS))])
def test_what_headers_say_of_limits_is_heeded(headers: dict[str, str], seconds: float | None) -> None:
    assert errors.pause_asked(headers) == seconds


def answering(answer: Callable[[httpx.Request], httpx.Response], budget: Counted | None = None) -> Caller:
    client = http.new_client(httpx.MockTransport(answer))
    return Caller("https://api.example", client, FixedToken("secret-token"), budget or Counted(), {})


def test_calls_say_who_we_are() -> None:
    seen: dict[str, str] = {}

    def answer(request: httpx.Request) -> httpx.Response:
        seen.update(request.headers)
        return httpx.Response(200, json={})

    answering(answer).get("/")
    assert seen["user-agent"].startswith("apptrail/")
    assert seen["authorization"] == "Bearer secret-token"


def test_an_answer_without_end_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "MOST_BYTES", 1000)
    with pytest.raises(ApiFailed, match="answer_too_large"):
        answering(lambda _: httpx.Response(200, content=b" " * 2000)).get("/")


def test_an_answer_that_lies_about_its_encoding_is_an_error() -> None:
    headers = {"content-encoding": "gzip"}
    with pytest.raises(ApiFailed, match="broken_answer"):
        answering(lambda _: httpx.Response(200, headers=headers, stream=httpx.ByteStream(b"no gzip"))).get(
            "/"
        )


PAGES: list[tuple[Any, str | None]] = [
    ({"count": 1, "next_page": None}, None),
    ({}, None),
    ({"next_page": "https://api.example/x?page_token=abc"}, "abc"),
    ({"next_page": "https://api.example/x?page_token=abc", "next_page_token": "abc"}, "abc"),
    ({"next_page": None, "next_page_token": "abc"}, "abc"),
    ({"next_page_token": ""}, None),
    ({"next_page": 7, "next_page_token": ["x"]}, None),
]


@pytest.mark.parametrize(("pagination", "token"), PAGES, ids=[str(number) for number in range(len(PAGES))])
def test_the_next_page_is_read_in_every_documented_shape(pagination: Any, token: str | None) -> None:
    assert answering(lambda _: httpx.Response(200)).next_token(pagination) == token


FOREIGN = [
    "https://evil.example/x?page_token=a",
    "//evil.example/x?page_token=a",
    "https://api.example.evil.example/",
]


@pytest.mark.parametrize("page", FOREIGN, ids=["host", "schemeless", "suffix"])
def test_a_page_elsewhere_is_refused(page: str) -> None:
    with pytest.raises(ApiFailed, match="foreign_next_page"):
        answering(lambda _: httpx.Response(200)).next_token({"next_page": page})


def test_pagination_that_is_no_object_is_refused() -> None:
    with pytest.raises(ApiFailed, match="wrapped_answer"):
        answering(lambda _: httpx.Response(200)).next_token(None)
