"""Calendly's REST v2, simulated."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Any
from urllib.parse import urlencode

from pipeline.words import Provider
from tests.simulators import calendly_objects as objects
from tests.simulators.calendly_acts import CalendlyActs
from tests.simulators.exchange import Asked, Told, told
from tests.simulators.faults import Faults
from tests.simulators.limits import Limits, Window
from tests.simulators.paging import opened, page
from tests.simulators.truth import Account, Meeting
from tests.simulators.world import World

PER_MINUTE = (500, 60.0)


@dataclass
class Hook:
    """A webhook subscription."""

    id: str
    account: Account
    url: str
    events: list[str]
    scope: str
    signing_key: str | None
    created_at: datetime
    state: str = "active"
    retry_started_at: datetime | None = None

    def shown(self) -> dict[str, Any]:
        user = objects.user_uri(self.account)
        return {
            "uri": f"{objects.API}/webhook_subscriptions/{self.id}",
            "callback_url": self.url,
            "created_at": objects.stamp(self.created_at),
            "updated_at": objects.stamp(self.created_at),
            "retry_started_at": objects.stamp(self.retry_started_at) if self.retry_started_at else None,
            "state": self.state,
            "events": self.events,
            "scope": self.scope,
            "organization": objects.organization_uri(self.account),
            "user": user if self.scope == "user" else None,
            "creator": user,
        }


NOT_FOUND = {"title": "Resource Not Found", "message": "The server could not find the requested resource."}


def refused(status: int, title: str, message: str = "") -> Told:
    return told(status, {"title": title, "message": message or title})


class CalendlySite(CalendlyActs):
    """All organizations of a world, behind one address."""

    def __init__(self, world: World, *, limits: Limits | None = None, faults: Faults | None = None) -> None:
        super().__init__(world)
        self.limits = limits or Limits(PER_MINUTE)
        self.faults = faults or Faults()
        self.base_url = objects.API
        self.hooks: dict[str, Hook] = {}
        self.tells_limits = True
        """Whether answers have the rate headers."""
        self.foreign_pages = False
        """Whether `next_page` names another host, as it never should."""
        self._routes: list[tuple[str, re.Pattern[str], Callable[..., Told]]] = [
            (method, re.compile(path.replace("{}", "([^/]+)") + "/?"), act)
            for method, path, act in (
                ("GET", "/users/me", self._me),
                ("GET", "/scheduled_events", self._events),
                ("GET", "/scheduled_events/{}", self._event),
                ("GET", "/scheduled_events/{}/invitees", self._invitees),
                ("GET", "/scheduled_events/{}/invitees/{}", self._invitee),
                ("GET", "/webhook_subscriptions", self._hooks),
                ("POST", "/webhook_subscriptions", self._subscribe),
                ("DELETE", "/webhook_subscriptions/{}", self._unsubscribe),
                ("POST", "/scheduled_events/{}/cancellation", self.cancel),
                ("GET", "/event_type_available_times", self.available_times),
                ("POST", "/invitees", self.create_invitee),
            )
        ]

    def answer(self, asked: Asked) -> Told:
        """Answer as Calendly would: limits first, then whatever goes wrong, then the call."""
        account = next(
            (
                one
                for one in self.world.accounts.values()
                if one.provider is Provider.CALENDLY and one.token == asked.bearer
            ),
            None,
        )
        if account is None:
            return refused(401, "Unauthenticated", "The access token is invalid")
        within, windows = self.limits.arrive(account.id)
        headers = self._limit_headers(windows[0])
        if not within:
            return told(429, {}, **headers)
        answer = self.faults.spoiled(asked, lambda: self._routed(account, asked))
        return Told(answer.status, answer.body, {**headers, **answer.headers}, answer.hangs, answer.cuts)

    def _limit_headers(self, window: Window) -> dict[str, str]:
        if not self.tells_limits:
            return {}
        return {
            "x-ratelimit-limit": str(window.most),
            "x-ratelimit-remaining": str(window.left()),
            "x-ratelimit-reset": str(ceil(window.reset_in(self.limits.clock()))),
        }

    def _routed(self, account: Account, asked: Asked) -> Told:
        for method, path, act in self._routes:
            if method == asked.method and (found := path.fullmatch(asked.path)):
                with self.world.lock:
                    return act(account, asked, *found.groups())
        return told(404, NOT_FOUND)

    def _me(self, account: Account, _asked: Asked) -> Told:
        me = {"uri": objects.user_uri(account), "current_organization": objects.organization_uri(account)}
        return told(200, {"resource": {**me, "name": "Host", "timezone": account.zone}})

    def _events(self, account: Account, asked: Asked) -> Told:
        query = asked.query
        if query.get("organization") != objects.organization_uri(account):
            return refused(403, "Permission Denied")
        since, until = (
            datetime.fromisoformat(query[name]) if name in query else None
            for name in ("min_start_time", "max_start_time")
        )
        email, status, token = query.get("invitee_email"), query.get("status"), query.get("page_token")
        after = None
        if token:
            at, name = opened(token)
            after = (datetime.fromisoformat(at), name)
        listed = (
            group
            for group in account.starting(since, until, after)
            if (email is None or any(one.person.email == email for one in group))
            and status in (None, objects.event(account, group)["status"])
        )
        shown, following = page(
            listed, lambda group: (objects.stamp(group[0].start), group[0].group), _count(asked)
        )
        return self._collection(asked, [objects.event(account, group) for group in shown], following)

    def _whole(self, asked: Asked, items: list[dict[str, Any]]) -> Told:
        """A collection that is short enough to be sorted for every page."""
        token, ordered = asked.query.get("page_token"), sorted(items, key=_by_creation)
        rest = (one for one in ordered if token is None or _by_creation(one) > opened(token))
        return self._collection(asked, *page(rest, _by_creation, _count(asked)))

    def _collection(self, asked: Asked, shown: list[dict[str, Any]], token: str | None) -> Told:
        host = "https://elsewhere.example" if self.foreign_pages else self.base_url
        following = f"{host}{asked.path}?{urlencode({**asked.query, 'page_token': token})}" if token else None
        pagination = {"count": len(shown), "next_page": following, "previous_page": None}
        tokens = {"next_page_token": token, "previous_page_token": None}
        return told(200, {"collection": shown, "pagination": {**pagination, **tokens}})

    def _group(self, account: Account, name: str) -> list[Meeting]:
        return [one for one in account.groups.get(name, []) if not one.removed]

    def _event(self, account: Account, _asked: Asked, name: str) -> Told:
        invitees = self._group(account, name)
        return told(200, {"resource": objects.event(account, invitees)}) if invitees else told(404, NOT_FOUND)

    def _invitees(self, account: Account, asked: Asked, name: str) -> Told:
        invitees = [objects.invitee(one) for one in self._group(account, name)]
        if not invitees:
            return told(404, NOT_FOUND)
        return self._whole(asked, invitees)

    def _invitee(self, account: Account, _asked: Asked, group: str, name: str) -> Told:
        found = [one for one in self._group(account, group) if one.id == name]
        return told(200, {"resource": objects.invitee(found[0])}) if found else told(404, NOT_FOUND)

    def _hooks(self, account: Account, asked: Asked) -> Told:
        if asked.query.get("organization") != objects.organization_uri(account):
            return refused(403, "Permission Denied")
        own = [one for one in self.hooks.values() if one.account is account]
        shown = [one.shown() for one in own if one.scope == asked.query.get("scope")]
        return self._whole(asked, shown)

    def _subscribe(self, account: Account, asked: Asked) -> Told:
        said = asked.object
        if any(one.account is account and one.url == said["url"] for one in self.hooks.values()):
            return refused(409, "Already Exists", "Hook with this url already exists")
        hook = Hook(
            self.world.name("Hook"), account, said["url"], said["events"], said["scope"],
            said.get("signing_key"), self.world.stamp(account) + timedelta(microseconds=len(self.hooks)),
        )  # fmt: skip
        self.hooks[hook.id] = hook
        return told(201, {"resource": hook.shown()})

    def _unsubscribe(self, account: Account, _asked: Asked, name: str) -> Told:
        hook = self.hooks.get(name)
        if hook is None or hook.account is not account:
            return told(404, NOT_FOUND)
        del self.hooks[name]
        return Told(204)


def _count(asked: Asked) -> int:
    return min(int(asked.query.get("count", 20)), 100)


def _by_creation(one: dict[str, Any]) -> tuple[str, ...]:
    return one["created_at"], one["uri"]
