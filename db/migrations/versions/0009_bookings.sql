-- Intents of auto-booking. Personal data stays in `lead` until the moment of the call.
CREATE TABLE booking (
    client_id       uuid NOT NULL,
    id              uuid NOT NULL,
    lead_id         uuid NOT NULL,
    connection_id   uuid NOT NULL,
    provider        text NOT NULL,
    calendar        text NOT NULL,
    slot            timestamptz NOT NULL,
    minutes         integer NOT NULL,
    state           text NOT NULL DEFAULT 'reserved',
    reason          text,
    attempts        smallint NOT NULL DEFAULT 0,   -- calls that were made
    external_id     text,
    booked_group    text,                          -- what cancels it
    uri             text,
    contact_id      text,
    asked_by        text,
    called_at       timestamptz,
    look_after      timestamptz,
    not_before      timestamptz NOT NULL,
    delays          smallint NOT NULL DEFAULT 0,   -- in a row: what the next wait doubles with
    cancel_asked_at timestamptz,
    canceled_at     timestamptz,
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (client_id, id)
) WITH (fillfactor = 80);
CREATE INDEX booking_by_lead ON booking (client_id, lead_id, created_at DESC);
CREATE INDEX booking_due ON booking (not_before)
    WHERE state IN ('reserved', 'calling', 'unknown') OR (state = 'booked' AND cancel_asked_at IS NOT NULL);

CREATE TABLE offered_slot (
    client_id     uuid NOT NULL,
    id            uuid NOT NULL,
    lead_id       uuid NOT NULL,
    connection_id uuid NOT NULL,
    calendar      text NOT NULL,
    start_at      timestamptz NOT NULL,
    zone          text NOT NULL,                   -- in which its label was read
    label         text NOT NULL,
    offered_at    timestamptz NOT NULL,
    PRIMARY KEY (client_id, id),
    UNIQUE (client_id, lead_id, connection_id, calendar, start_at)
);

ALTER TABLE client ADD COLUMN auto_booking boolean NOT NULL DEFAULT true;
ALTER TABLE lead ADD COLUMN auto_booking boolean NOT NULL DEFAULT true;
