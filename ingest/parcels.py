"""A Reading of a connection's, addressed to its client."""

from datetime import datetime
from uuid import UUID

from db.connections import Connection
from db.parcels import Parcel
from ingest.adapter import Reading
from pipeline.words import Lane


def parcel_of(
    connection: Connection, reading: Reading, received_at: datetime, trace_id: UUID, lane: Lane = Lane.BULK
) -> Parcel:
    """Make a parcel. The bulk lane is for what nobody waits for, as what a sweep found."""
    return Parcel(
        client_id=connection.client_id,
        pepper=connection.pepper,
        received_at=received_at,
        trace_id=trace_id,
        said=reading.said,
        key=reading.key,
        links=reading.links,
        token=reading.token,
        identities=reading.identities,
        contact=reading.contact,
        policy=connection.policy,
        lane=lane,
    )
