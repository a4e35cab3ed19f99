-- That all meetings of a lead are to be asked for: one row for each lead and connection, opened again by a later wish.
CREATE TABLE lead_check (
    client_id     uuid NOT NULL,
    connection_id uuid NOT NULL,
    lead_id       uuid NOT NULL,
    reason        text NOT NULL,                 -- discarded, asked, or what else made somebody ask
    state         text NOT NULL DEFAULT 'waiting', -- then answered, or unknown with the error that says why
    attempts      smallint NOT NULL DEFAULT 0,
    not_before    timestamptz NOT NULL,
    asked_at      timestamptz NOT NULL,
    answered_at   timestamptz,
    error         text,
    listed        integer NOT NULL DEFAULT 0,    -- appointments that the provider showed
    posted        integer NOT NULL DEFAULT 0,    -- of those: what was news to us
    PRIMARY KEY (client_id, connection_id, lead_id)
) WITH (fillfactor = 80);
CREATE INDEX lead_check_due ON lead_check (client_id, connection_id, not_before) WHERE state = 'waiting';
CREATE INDEX lead_check_by_lead ON lead_check (client_id, lead_id);
