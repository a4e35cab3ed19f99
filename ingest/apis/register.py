"""The register of APIs: which classes ask which provider, and with what in their hands."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import httpx

from boot import clock
from db.connections import Connection
from db.keyring import Keyring
from ingest.apis.api import Now, ProviderApi
from ingest.apis.booking import BookingApi
from ingest.apis.budgets import Budget, Purpose
from ingest.apis.calendly_api import BASE_URL as CALENDLY_URL
from ingest.apis.calendly_api import CalendlyApi
from ingest.apis.calendly_booking import CalendlyBooking
from ingest.apis.caller import Caller
from ingest.apis.ghl_api import BASE_URL as GHL_URL
from ingest.apis.ghl_api import GhlApi
from ingest.apis.ghl_booking import GhlBooking
from ingest.apis.instantly_api import BASE_URL as INSTANTLY_URL
from ingest.apis.instantly_api import InstantlyApi
from ingest.apis.tokens import FixedToken, OAuthTokens, OpenDatabase, Tokens
from pipeline.words import Provider


@dataclass(frozen=True, slots=True)
class Entry:
    """A provider's API: where it is, and what asks it."""

    base_url: str
    make: Callable[[Connection, Caller, Now], ProviderApi]
    book: Callable[[Connection, Caller, Now], BookingApi] | None
    """None: no meeting is booked there."""


APIS: Mapping[Provider, Entry] = {
    Provider.CALENDLY: Entry(CALENDLY_URL, CalendlyApi, CalendlyBooking),
    Provider.GHL: Entry(GHL_URL, GhlApi, GhlBooking),
    Provider.INSTANTLY: Entry(INSTANTLY_URL, InstantlyApi, None),
}


@dataclass(frozen=True, slots=True)
class Means:
    """What every connection's API of a process is built from. `client` is safe for threads."""

    client: httpx.Client
    budget_of: Callable[[Connection, Purpose], Budget]
    open_database: OpenDatabase
    keyring: Keyring
    now: Now = clock.now


def caller_for(connection: Connection, means: Means, purpose: Purpose) -> Caller | None:
    """A connection's calls; None where it has no token, or its provider no API."""
    entry = APIS.get(connection.provider)
    tokens = _tokens(connection, means, entry) if entry else None
    if entry is None or tokens is None:
        return None
    base = connection.api_base_url or entry.base_url
    return Caller(base, means.client, tokens, means.budget_of(connection, purpose), {})


def api_for(connection: Connection, means: Means, purpose: Purpose = Purpose.SWEEP) -> ProviderApi | None:
    """A connection's API; None where it has no token, or its provider no API."""
    caller = caller_for(connection, means, purpose)
    return APIS[connection.provider].make(connection, caller, means.now) if caller else None


def booking_for(connection: Connection, means: Means) -> BookingApi | None:
    """A connection's bookings, which may use all of its budget; None as with `api_for`."""
    caller = caller_for(connection, means, Purpose.BOOKING)
    entry = APIS.get(connection.provider)
    return entry.book(connection, caller, means.now) if caller and entry and entry.book else None


def _tokens(connection: Connection, means: Means, entry: Entry) -> Tokens | None:
    secrets = connection.secrets
    if secrets.get("refresh_token"):
        base = connection.api_base_url or entry.base_url
        return OAuthTokens(connection, base, means.client, means.open_database, means.keyring)
    return FixedToken(secrets["api_token"]) if secrets.get("api_token") else None
