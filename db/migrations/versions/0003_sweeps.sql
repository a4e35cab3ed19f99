-- What a listing last told of an object: while its fingerprint stands, it costs no call and no job.
CREATE TABLE sweep_mark (
    client_id     uuid NOT NULL,
    connection_id uuid NOT NULL,
    name          text NOT NULL,                 -- what the listing names: an event (Calendly), an appointment (GHL)
    fingerprint   text NOT NULL,
    start_at      timestamptz,
    external_ids  text[] NOT NULL DEFAULT '{}',  -- the appointments that it speaks of
    seen_at       timestamptz NOT NULL,
    PRIMARY KEY (client_id, connection_id, name)
) WITH (fillfactor = 90);

-- One reconcile run over a connection: which windows, how far, and what came of it.
CREATE TABLE sweep_run (
    client_id     uuid NOT NULL,
    id            uuid NOT NULL,
    connection_id uuid NOT NULL,
    tier          text NOT NULL,                 -- near, mid, far, whole, gap
    state         text NOT NULL DEFAULT 'running',
    reason        text,                          -- why it did not finish
    owner         uuid NOT NULL,                 -- who walks it now; nobody else may save a page of it
    windows       jsonb NOT NULL,                -- [[start, end], ...]
    position      integer NOT NULL DEFAULT 0,    -- the window under way
    cursor        text,                          -- the page of it that comes next
    pages         integer NOT NULL DEFAULT 0,
    listed        integer NOT NULL DEFAULT 0,
    unchanged     integer NOT NULL DEFAULT 0,
    posted        integer NOT NULL DEFAULT 0,
    held          integer NOT NULL DEFAULT 0,    -- readings that we held already
    heard_first   integer NOT NULL DEFAULT 0,    -- of those since the connection was added: a webhook had brought it
    found_first   integer NOT NULL DEFAULT 0,    -- and: the sweep found it
    suspects      integer NOT NULL DEFAULT 0,
    started_at    timestamptz NOT NULL,
    finished_at   timestamptz,
    PRIMARY KEY (client_id, id)
);
CREATE UNIQUE INDEX sweep_run_running ON sweep_run (client_id, connection_id, tier) WHERE state = 'running';
CREATE INDEX sweep_run_latest ON sweep_run (client_id, connection_id, tier, started_at DESC);

-- What a confirming GET is to decide. One row for each appointment; it is opened again by a later doubt.
CREATE TABLE lookup (
    client_id     uuid NOT NULL,
    id            uuid NOT NULL,
    provider      text NOT NULL,
    external_id   text NOT NULL,
    connection_id uuid,                          -- whose it is, where that is known
    lead_id       uuid,                          -- the stub to be completed, for `stub`
    uri           text,                          -- Calendly: the invitee
    reason        text NOT NULL,                 -- contradiction, no_start, absent, returned, stub
    state         text NOT NULL DEFAULT 'waiting',
    attempts      smallint NOT NULL DEFAULT 0,
    not_before    timestamptz NOT NULL,
    asked_at      timestamptz NOT NULL,
    answered_at   timestamptz,
    error         text,
    not_at        uuid[] NOT NULL DEFAULT '{}',  -- connections that said that they have none
    PRIMARY KEY (client_id, id),
    UNIQUE (client_id, provider, external_id)
);
CREATE INDEX lookup_due ON lookup (client_id, provider, not_before) WHERE state = 'waiting';

-- How a connection's API and webhooks do. The breaker is closed, open, or half_open while one call tries.
CREATE TABLE connection_health (
    client_id        uuid NOT NULL,
    connection_id    uuid NOT NULL,
    breaker          text NOT NULL DEFAULT 'closed',
    reason           text,
    failures         integer NOT NULL DEFAULT 0, -- in a row
    trips            integer NOT NULL DEFAULT 0, -- in a row: what the next probe waits for doubles with each
    opened_at        timestamptz,
    next_probe_at    timestamptz,
    paused_until     timestamptz,                -- the budget is spent, or the provider said when to come back
    pause_reason     text,
    last_success_at  timestamptz,
    subscription     jsonb,                      -- as the watchdog saw it: its state, and since when it is retried
    last_subscription jsonb,                     -- the last that was there: what one that was lost is made anew from
    checked_at       timestamptz,
    alert            text,                       -- mass_disappearance, until a person or a whole sweep clears it
    PRIMARY KEY (client_id, connection_id)
) WITH (fillfactor = 80);

CREATE TABLE connection_error (
    client_id     uuid NOT NULL,
    connection_id uuid NOT NULL,
    error         text NOT NULL,
    minute        timestamptz NOT NULL,
    errors        integer NOT NULL,
    PRIMARY KEY (client_id, connection_id, error, minute)
);

-- Deliveries of an hour: what a connection's silence is measured against.
CREATE TABLE connection_hour (
    client_id     uuid NOT NULL,
    connection_id uuid NOT NULL,
    hour          timestamptz NOT NULL,
    deliveries    integer NOT NULL,
    last_at       timestamptz NOT NULL,
    PRIMARY KEY (client_id, connection_id, hour)
);
