-- Inbound messages by what identifies and what they mean. There is no column for a body, on purpose.
CREATE TABLE message (
    client_id   uuid NOT NULL,
    id          uuid NOT NULL,
    lead_id     uuid NOT NULL,
    provider    text NOT NULL,
    channel     text NOT NULL,
    external_id text NOT NULL,
    at          timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    human       boolean NOT NULL,
    signals     jsonb NOT NULL DEFAULT '[]',
    trace_id    uuid,
    PRIMARY KEY (client_id, id),
    UNIQUE (client_id, provider, external_id)
);
CREATE INDEX message_by_lead ON message (client_id, lead_id, at DESC);

-- What a lead's messages add up to: registers, each with the time of the message that it is from.
ALTER TABLE lead
    ADD COLUMN last_inbound_at       timestamptz,
    ADD COLUMN last_inbound_channel  text,
    ADD COLUMN replied_at            timestamptz,
    ADD COLUMN sentiment             text,
    ADD COLUMN sentiment_at          timestamptz,
    ADD COLUMN suppressed_at         timestamptz,
    ADD COLUMN suppression_lifted_at timestamptz,
    ADD COLUMN snoozed_until         timestamptz,
    ADD COLUMN snoozed_at            timestamptz,
    ADD COLUMN zone_hint             text,
    ADD COLUMN zone_hint_at          timestamptz;
