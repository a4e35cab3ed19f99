"""GHL's OAuth, simulated: access tokens that end, refresh tokens that die with their use."""

from datetime import datetime, timedelta
from urllib.parse import parse_qs

from tests.simulators.exchange import Asked, Told, told
from tests.simulators.truth import Account
from tests.simulators.world import World

LIFETIME = timedelta(seconds=86_399)


class OAuth:
    """Who holds which tokens."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.refreshes = 0
        self.reuses = 0
        """How often a refresh token came that had been used: what no client may ever do."""
        self._access: dict[str, tuple[Account, datetime]] = {}
        self._refresh: dict[str, Account] = {}
        self._used: set[str] = set()

    def grant(self, account: Account) -> str:
        """A first refresh token, as after an installation."""
        token = self.world.name("Refresh")
        self._refresh[token] = account
        return token

    def revoke_access(self) -> None:
        """End every access token."""
        self._access.clear()

    def holder(self, bearer: str) -> Account | None:
        account, until = self._access.get(bearer, (None, None))
        return account if until is not None and until > self.world.clock.now() else None

    def exchange(self, asked: Asked) -> Told:
        form = {name: values[0] for name, values in parse_qs(asked.body.decode()).items()}
        token = form.get("refresh_token", "")
        with self.world.lock:
            if form.get("client_secret") != "the-secret" or form.get("grant_type") != "refresh_token":
                return told(401, {"error": "invalid_client", "error_description": "Invalid client"})
            self.reuses += token in self._used
            account = self._refresh.pop(token, None)
            if account is None:
                return told(
                    400, {"error": "invalid_grant", "error_description": f"Refresh token {token} is invalid"}
                )
            self._used.add(token)
            self.refreshes += 1
            access, refresh = self.world.name("Access"), self.grant(account)
            self._access[access] = (account, self.world.clock.now() + LIFETIME)
        return told(200, {
            "access_token": access, "token_type": "Bearer", "expires_in": int(LIFETIME.total_seconds()),
            "refresh_token": refresh, "userType": "Location", "locationId": account.id,
        })  # fmt: skip
