"""Tokens that calls carry: one that stays, or GHL's that are renewed with a refresh token used only once."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any, Protocol

import httpx

from boot import clock
from db import connections
from db.connections import Connection
from db.desk import Database
from db.keyring import Keyring
from ingest.apis import errors, http
from ingest.apis.api import ApiFailed

TOKEN_PATH = "/oauth/token"  # noqa: S105 a path
EARLY = timedelta(minutes=5)
"""An access token is renewed so long before its end (GHL: about a day)."""

OpenDatabase = Callable[[], AbstractContextManager[Database]]


class Tokens(Protocol):
    """What gives a connection's calls their token."""

    def current(self) -> str:
        """The token to call with. Raises ApiFailed."""

    def renewed(self, refused: str) -> str | None:
        """Another token than the one that was refused; None if there is no other. Raises ApiFailed."""


class FixedToken:
    """A personal or private-integration token: a refusal is final."""

    def __init__(self, token: str) -> None:
        """Take the token."""
        self._token = token

    def current(self) -> str:
        """The only one."""
        return self._token

    def renewed(self, refused: str) -> str | None:
        """There is no other."""
        return None


class OAuthTokens:
    """GHL's OAuth tokens of one location.

    A refresh token dies with its use (pitfall G19), so refreshes are serialized by a lock in Postgres, and the
    new pair is stored in the transaction that holds it: whoever waited finds a token that is not the refused one.
    """

    def __init__(
        self,
        connection: Connection,
        base_url: str,
        client: httpx.Client,
        open_database: OpenDatabase,
        keyring: Keyring,
    ) -> None:
        """`connection.secrets`: oauth_client_id, oauth_client_secret, refresh_token; access_token, once there is one."""
        self._connection = connection
        self._url = f"{base_url.rstrip('/')}{TOKEN_PATH}"
        self._client = client
        self._open = open_database
        self._keyring = keyring
        self._secrets = dict(connection.secrets)

    def current(self) -> str:
        """The access token, renewed if it is about to end."""
        token = self._secrets.get("access_token")
        if isinstance(token, str) and not _ending(self._secrets):
            return token
        return self.renewed(token if isinstance(token, str) else "")

    def renewed(self, refused: str) -> str:
        """An access token that another process stored meanwhile, or a new one."""

        def renew(held: dict[str, Any]) -> dict[str, Any]:
            if held.get("access_token") not in (None, refused) and not _ending(held):
                return held
            return {**held, **self._exchanged(held)}

        with self._open() as database:
            self._secrets = connections.renew_secrets(database, self._keyring, self._connection, renew)
        return str(self._secrets["access_token"])

    def _exchanged(self, held: dict[str, Any]) -> dict[str, Any]:
        form = {
            "client_id": held.get("oauth_client_id", ""),
            "client_secret": held.get("oauth_client_secret", ""),
            "grant_type": "refresh_token",
            "refresh_token": held.get("refresh_token", ""),
            "user_type": "Location",
        }
        agent = {"user-agent": http.USER_AGENT, "accept": "application/json"}
        answer = http.exchange(self._client, "POST", self._url, data=form, headers=agent)
        if not 200 <= answer.status < 300:
            # 400 and 401 here: the refresh token was used or revoked, and a person must connect anew.
            if answer.status in (400, 401, 403, 422):
                raise ApiFailed(errors.UNAUTHORIZED)
            raise errors.failure(answer.status, answer.headers, answer.body)
        said = errors.decoded(answer.headers, answer.body)
        access, refresh, seconds = said.get("access_token"), said.get("refresh_token"), said.get("expires_in")
        if not isinstance(access, str) or not access:
            raise ApiFailed(errors.WRAPPED_ANSWER)
        until = clock.now() + timedelta(seconds=seconds if type(seconds) is int and seconds > 0 else 3600)
        kept = {"refresh_token": refresh} if isinstance(refresh, str) and refresh else {}
        return {"access_token": access, "access_token_until": until.timestamp(), **kept}


def _ending(secrets: dict[str, Any]) -> bool:
    until = secrets.get("access_token_until")
    return isinstance(until, (int, float)) and until <= (clock.now() + EARLY).timestamp()
