"""Lead checks, carried out: one person's meetings asked for, and what is news of them posted like any other."""

from boot.logs import get_logger
from db import inbox, lead_checks, lookups, sweeps
from db.connections import Connection
from db.ids import new_id
from db.lead_checks import LeadCheck
from db.parcels import Posted
from ingest.apis.api import ApiFailed, Page, Person, ProviderApi
from ingest.parcels import parcel_of
from ingest.sweeps import pages
from ingest.sweeps.calls import Calls, NotNow
from ingest.sweeps.engine import Hands, fill
from ingest.verdicts import Ignored
from pipeline.doubts import Doubt
from pipeline.observation import AppointmentKey, Observation
from pipeline.words import Provider

A_PASS = 20
ANSWERED = "answered"
UNKNOWN = "unknown"
NO_NAME = "no_address_to_ask_by"

log = get_logger(__name__)


def check_leads(hands: Hands, connection: Connection, api: ProviderApi) -> int:
    """Ask about the leads that are due; returns how many checks were closed. The caller holds the connection's lease."""
    closed = 0
    for check in lead_checks.due(hands.database, connection.client_id, connection.id, A_PASS):
        try:
            state = _Check(hands, connection, api, check).carry_out()
        except NotNow:
            break
        except (ApiFailed, Ignored) as failed:
            error = failed.error if isinstance(failed, ApiFailed) else "unreadable"
            lead_checks.put_off(hands.database, check, error)
            continue
        closed += 1
        log.info(
            "lead_checked",
            client_id=check.client_id,
            connection_id=connection.id,
            lead_id=check.lead_id,
            reason=check.reason,
            state=state,
        )
    return closed


class _Check:
    """One lead at one connection."""

    def __init__(self, hands: Hands, connection: Connection, api: ProviderApi, check: LeadCheck) -> None:
        self._hands = hands
        self._database = hands.database
        self._connection = connection
        self._api = api
        self._check = check
        self._shown: set[str] = set()
        self._posted = 0

    def carry_out(self) -> str:
        """List the person's meetings, and have what we hold as live and was not shown asked for one by one."""
        check = self._check
        person = Person(check.email, check.ghl_contact_id)
        can_be_asked = person.is_known_to(self._connection.provider)
        if can_be_asked:
            for page in Calls(self._database, self._connection).each(self._api.meetings_of(person)):
                self._take(page)
        with self._database.transaction():
            self._ask_for_the_rest()
            if can_be_asked:
                lead_checks.close(
                    self._database, check, ANSWERED, listed=len(self._shown), posted=self._posted
                )
            else:
                lead_checks.close(self._database, check, UNKNOWN, error=NO_NAME)
        return ANSWERED if can_be_asked else UNKNOWN

    def _take(self, page: Page) -> None:
        """Post what is news. That a listing was swept before says nothing: its job may be what died."""
        self._shown.update(reading.key.external_id for reading in page.readings if reading.key)
        sorted_ = pages.sort(self._database, self._connection, page)
        at = sweeps.now(self._database)
        trace_id = new_id()
        parcels = [parcel_of(self._connection, one, at, trace_id) for one in sorted_.news]
        with self._database.transaction():
            posted = inbox.post(self._database, parcels) if parcels else Posted([], [])
            lookups.ask(
                self._database,
                self._connection.client_id,
                [
                    Doubt(one.key, lookups.RETURNED, at, _uri(one.said))
                    for one in sorted_.returned
                    if one.key is not None
                ],
                connection_id=self._connection.id,
            )
        self._posted += len(parcels)
        self._hands.ringer(posted.rings)
        fill(self._database, posted)

    def _ask_for_the_rest(self) -> None:
        """A listing that does not show a meeting proves nothing (a guest's address may be another): a GET decides."""
        check, provider = self._check, self._connection.provider
        held = lead_checks.live_of_lead(self._database, check.client_id, check.lead_id, provider)
        lookups.ask(
            self._database,
            check.client_id,
            [
                Doubt(AppointmentKey(provider, external_id), lookups.CHECKED, sweeps.now(self._database), uri)
                for external_id, uri in held
                if external_id not in self._shown and (uri or provider is not Provider.CALENDLY)
            ],
        )


def _uri(said: object) -> str | None:
    known = said.description if isinstance(said, Observation) else None
    return known.calendly_invitee_uri if known else None
