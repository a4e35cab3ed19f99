"""Calls to a provider: within its budget, with its token, asked again where that helps, and told in our words."""

import random
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs

import httpx
import stamina

from ingest.apis import errors, http
from ingest.apis.api import ApiFailed
from ingest.apis.budgets import Budget
from ingest.apis.http import Answer
from ingest.apis.tokens import Tokens

ATTEMPTS = 3
SLOWEST_PAUSE = 2.0
"""Seconds. Longer troubles are for the sweep's own back-off."""

Params = Mapping[str, str | int]


class Caller:
    """One connection's calls. Blocking."""

    def __init__(
        self, base_url: str, client: httpx.Client, tokens: Tokens, budget: Budget, headers: Mapping[str, str]
    ) -> None:
        """`base_url`: where the API is, without a path of its own; `headers`: what every call carries."""
        self.base = httpx.URL(base_url.rstrip("/"))
        self._client = client
        self._tokens = tokens
        self._budget = budget
        self._headers = {"accept": "application/json", "user-agent": http.USER_AGENT, **headers}

    def get(
        self, path: str, params: Params | None = None, headers: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """GET an object, three times at most. Raises ApiFailed (`http_404` where there is none), BudgetSpent."""
        answer = self._repeated(lambda: self.send("GET", path, params=params, headers=headers))
        return errors.decoded(answer.headers, answer.body)

    def post(self, path: str, body: Any, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
        """POST once: whether a call without an answer took effect is not known, so it is not repeated here."""
        answer = self.send("POST", path, body=body, headers=headers)
        return errors.decoded(answer.headers, answer.body)

    def delete(self, path: str, headers: Mapping[str, str] | None = None) -> bool:
        """DELETE, three times at most; False: it was not there."""
        try:
            self._repeated(lambda: self.send("DELETE", path, headers=headers))
        except ApiFailed as failed:
            if failed.error != errors.NOT_THERE:
                raise
            return False
        return True

    def send(
        self,
        method: str,
        path: str,
        *,
        params: Params | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        also: frozenset[int] = frozenset(),
    ) -> Answer:
        """Call once; a 401 has the token renewed and the call made again. `also`: statuses taken besides 2xx."""
        token = self._tokens.current()
        answer = self._once(
            method, path, params, body, {**(headers or {}), "authorization": f"Bearer {token}"}
        )
        if answer.status == 401 and (renewed := self._tokens.renewed(token)):
            bearer = {**(headers or {}), "authorization": f"Bearer {renewed}"}
            answer = self._once(method, path, params, body, bearer)
        if 200 <= answer.status < 300 or answer.status in also:
            return answer
        raise errors.failure(answer.status, answer.headers, answer.body)

    def _once(
        self, method: str, path: str, params: Params | None, body: Any, headers: Mapping[str, str]
    ) -> Answer:
        self._budget.spend()
        answer = http.exchange(
            self._client,
            method,
            f"{self.base}{path}",
            params=params,
            json=body,
            headers={**self._headers, **headers},
        )
        if pause := errors.pause_asked(answer.headers):
            self._budget.pause(pause)
        elif answer.status == 429:
            self._budget.pause(errors.DEFAULT_PAUSE)
        return answer

    def _repeated(self, call: Callable[[], Answer]) -> Answer:
        for attempt in stamina.retry_context(on=_worth_another(), attempts=ATTEMPTS, timeout=None):
            with attempt:
                return call()
        raise AssertionError("unreachable: the last attempt raises")

    def next_token(self, pagination: Any) -> str | None:
        """The token of the next page; None on the last. Raises ApiFailed for a page at another host.

        The address is never followed: our own is asked with the token in it, so nothing of ours goes elsewhere.
        """
        if not isinstance(pagination, dict):
            raise ApiFailed(errors.WRAPPED_ANSWER)
        page, token = pagination.get("next_page"), pagination.get("next_page_token")
        if isinstance(page, str) and page:
            token = _token_in(page, self.base) or token
        return token if isinstance(token, str) and token else None


def _token_in(page: str, base: httpx.URL) -> str | None:
    try:
        url = httpx.URL(page)
    except httpx.InvalidURL:
        raise ApiFailed(errors.WRAPPED_ANSWER) from None
    if url.host and url.host != base.host and url.host not in _ALIASES.get(base.host, ()):
        raise ApiFailed(errors.FOREIGN_PAGE)
    return next(iter(parse_qs(url.query.decode("ascii", "replace")).get("page_token", [])), None)


_ALIASES = {"api.calendly.com": frozenset({"calendly.com"})}
"""The provider's own examples page on its other host."""


def _worth_another() -> Callable[[Exception], bool | float]:
    """Full jitter: a pause anywhere below a bound that doubles."""
    bound = 0.25

    def pause(error: Exception) -> bool | float:
        nonlocal bound
        bound = min(bound * 2, SLOWEST_PAUSE)
        if not isinstance(error, ApiFailed) or error.error not in errors.QUICK:
            return False
        if error.retry_after is not None and error.retry_after > SLOWEST_PAUSE:
            return False
        return random.uniform(error.retry_after or 0.0, SLOWEST_PAUSE if error.retry_after else bound)  # noqa: S311 no secret

    return pause
