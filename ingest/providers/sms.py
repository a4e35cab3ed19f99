"""SMS by workflow: bodies that an agency's own GoHighLevel workflow sends, unsigned, for every text that comes in."""

from collections.abc import Sequence
from datetime import datetime

from db.connections import Connection
from ingest.adapter import Adapter, Headers, Reading
from ingest.header_secrets import check_secret
from ingest.messages.bodies import read_object
from ingest.messages.ghl import read_inbound
from pipeline.words import Provider


class Sms(Adapter):
    """The adapter. Nobody signs: a header secret is set in the workflow's action."""

    provider = Provider.SMS
    size_limit = 2_000_000
    retry_status = 503

    def verify(self, connection: Connection, headers: Headers, body: bytes, now: datetime) -> None:
        """Check the header secret."""
        check_secret(connection, headers)

    def read(self, connection: Connection, body: bytes, observed_at: datetime) -> Sequence[Reading]:
        """Read one message."""
        return [read_inbound(connection, read_object(body), observed_at, Provider.SMS)]
