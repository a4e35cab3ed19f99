"""Shapes: the fields of Calendly's objects that are read; nothing else of them is."""

from ingest.payload import Payload

# The envelope's `event`, and what its body is about.
CREATED = "invitee.created"
CANCELED = "invitee.canceled"
NO_SHOW = "invitee_no_show.created"
NO_SHOW_UNDONE = "invitee_no_show.deleted"
READ = frozenset({CREATED, CANCELED, NO_SHOW, NO_SHOW_UNDONE})


class Location(Payload):
    type: str | None = None
    location: str | None = None


class Event(Payload):
    uri: str | None = None
    start_time: str | None = None
    end_time: str | None = None
    event_type: str | None = None
    location: Location | None = None


class Cancellation(Payload):
    reason: str | None = None
    created_at: str | None = None  # absent before about 2023


class NoShow(Payload):
    created_at: str | None = None


class Tracking(Payload):
    utm_content: str | None = None
    salesforce_uuid: str | None = None


class Answer(Payload):
    question: str | None = None
    answer: str | None = None


class Invitee(Payload):
    uri: str | None = None
    email: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    name: str | None = None
    status: str | None = None
    canceled: bool | None = None  # only in the examples of 2022
    timezone: str | None = None
    event: str | None = None
    created_at: str | None = None
    updated_at: str | None = None
    tracking: Tracking | None = None
    text_reminder_number: str | None = None
    questions_and_answers: list[Answer] | None = None
    rescheduled: bool | None = None  # true on the old invitee only
    old_invitee: str | None = None
    new_invitee: str | None = None
    cancellation: Cancellation | None = None
    no_show: NoShow | None = None
    scheduled_event: Event | None = None  # absent before 2023


class Envelope(Payload):
    event: str | None = None  # relays drop it
    created_at: str | None = None  # of the message, up to 15 days after the booking
    payload: Invitee | None = None
