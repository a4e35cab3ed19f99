"""Whose Calendly token it is, and the webhook subscriptions of its organization."""

from typing import Any

from db.connections import Connection
from ingest.apis import errors, shapes
from ingest.apis.api import ApiFailed, Subscription
from ingest.apis.caller import Caller
from ingest.apis.shapes import Thing

EVENTS = ("invitee.created", "invitee.canceled", "invitee_no_show.created", "invitee_no_show.deleted")
MOST_PAGES = 100


class CalendlyHooks:
    """The part of Calendly's API that is about the account and its webhooks."""

    def __init__(self, connection: Connection, caller: Caller) -> None:
        """Ask nothing yet."""
        self.connection = connection
        self.caller = caller
        self._me: Thing | None = None

    def me(self) -> Thing:
        """GET /users/me, once."""
        if self._me is None:
            self._me = shapes.resource(self.caller.get("/users/me"))
        return self._me

    def organization(self) -> str:
        """The URI of the organization that is swept."""
        set_by_hand = self.connection.settings.get("organization")
        if isinstance(set_by_hand, str) and set_by_hand:
            return set_by_hand
        uri = shapes.text(self.me(), "current_organization")
        if uri is None:
            raise ApiFailed(errors.WRAPPED_ANSWER)
        return uri

    def is_ours(self, subscription: Subscription) -> bool:
        """Whether it delivers to this connection's endpoint."""
        return subscription.callback_url.rstrip("/").endswith(f"/calendly/{self.connection.endpoint}")

    def hooks(self, scope: str) -> list[Subscription]:
        """List the subscriptions of a scope: `organization` or `user`. A scope that is forbidden has none."""
        asked: dict[str, str | int] = {"organization": self.organization(), "scope": scope, "count": 100}
        if scope == "user":
            asked["user"] = shapes.text(self.me(), "uri") or ""
        found: list[Subscription] = []
        for _ in range(MOST_PAGES):
            try:
                said = self.caller.get("/webhook_subscriptions", asked)
            except ApiFailed as failed:
                if failed.error == "http_403" and scope == "organization":
                    return found  # a member's token sees its own hooks only
                raise
            listed, _odd = shapes.things(said, "collection")
            found += [subscription_of(one) for one in listed]
            token = self.caller.next_token(said.get("pagination"))
            if token is None:
                return found
            asked["page_token"] = token
        raise ApiFailed(errors.PAGING_LOOP)

    def subscribe(
        self, callback_url: str, *, scope: str = "organization", events: tuple[str, ...] = ()
    ) -> Subscription:
        """Make a subscription, signed with the connection's first key."""
        body: dict[str, Any] = {
            "url": callback_url,
            "events": list(events or EVENTS),
            "organization": self.organization(),
            "scope": scope,
        }
        if scope == "user":
            body["user"] = shapes.text(self.me(), "uri")
        if keys := [key for key in self.connection.secrets.get("signing_keys", ()) if key]:
            body["signing_key"] = keys[0]
        return subscription_of(shapes.resource(self.caller.post("/webhook_subscriptions", body)))

    def recreate(self, subscription: Subscription) -> Subscription:
        """Delete a subscription and make it anew with the same address, events and scope."""
        hook_id = shapes.last_segment(subscription.uri)
        if hook_id is None or not subscription.callback_url:
            raise ApiFailed(errors.UNUSABLE_NAME)
        self.caller.delete(f"/webhook_subscriptions/{hook_id}")
        return self.subscribe(subscription.callback_url, scope=subscription.scope, events=subscription.events)


def subscription_of(said: Thing) -> Subscription:
    """Read a webhook subscription."""
    events = said.get("events")
    return Subscription(
        uri=shapes.text(said, "uri") or "",
        active=said.get("state") == "active",
        retry_started_at=shapes.instant(said.get("retry_started_at")),
        callback_url=shapes.text(said, "callback_url") or "",
        events=tuple(one for one in events if isinstance(one, str)) if isinstance(events, list) else (),
        scope=shapes.text(said, "scope") or "organization",
    )
