-- The books, from client to dead letter. Ids are UUIDv7 made by the application. A tenant table's
-- primary key and unique constraints begin with client_id, so that it can be distributed by tenant.

-- Now, as every transaction of ours reads it; tests move it with the setting apptrail.now.
CREATE FUNCTION apptrail_now() RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT coalesce(nullif(current_setting('apptrail.now', true), '')::timestamptz, now()) $$;

CREATE TABLE client (
    id            uuid PRIMARY KEY,
    name          text NOT NULL UNIQUE,
    pepper        bytea NOT NULL,                -- keys the digests of lead_identity; encrypted at rest
    region        text NOT NULL DEFAULT 'US',    -- ISO 3166, for phone numbers without a country code
    keep_reasons  boolean NOT NULL DEFAULT false,
    created_at    timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE connection (
    id              uuid PRIMARY KEY,
    client_id       uuid NOT NULL REFERENCES client,
    provider        text NOT NULL,
    endpoint        text NOT NULL,               -- the unguessable last segment of its webhook address
    secrets         bytea NOT NULL,              -- signing keys, tokens: JSON, encrypted at rest
    unsigned        boolean NOT NULL DEFAULT false,
    location_id     text,
    timezone        text,                        -- for wall times without a zone of their own
    policy          text NOT NULL DEFAULT 'create',
    api_base_url    text,
    state           text NOT NULL DEFAULT 'active',
    settings        jsonb NOT NULL DEFAULT '{}',
    watermarks      jsonb NOT NULL DEFAULT '{}',
    follow_ups_from timestamptz NOT NULL DEFAULT now(),
    created_at      timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX connection_by_endpoint ON connection (endpoint, provider);
CREATE INDEX connection_by_client ON connection (client_id);

CREATE TABLE operator (
    id         uuid PRIMARY KEY,
    name       text NOT NULL UNIQUE,
    role       text NOT NULL,
    client_id  uuid REFERENCES client,           -- null: every client
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE sign_in_link (
    token_hash  bytea PRIMARY KEY,
    operator_id uuid NOT NULL REFERENCES operator,
    expires_at  timestamptz NOT NULL
);

CREATE TABLE operator_session (
    token_hash  bytea PRIMARY KEY,
    operator_id uuid NOT NULL REFERENCES operator,
    created_at  timestamptz NOT NULL DEFAULT now(),
    expires_at  timestamptz NOT NULL
);

CREATE TABLE api_token (
    token_hash bytea PRIMARY KEY,
    id         uuid NOT NULL UNIQUE,
    client_id  uuid NOT NULL REFERENCES client,
    role       text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    revoked_at timestamptz
);

CREATE TABLE lead (
    client_id                    uuid NOT NULL,
    id                           uuid NOT NULL,
    stub                         boolean NOT NULL DEFAULT false,
    merged_into                  uuid,
    -- contact: the one place where a person's name and addresses live
    external_id                  text,
    email                        text,
    phone                        text,
    first_name                   text,
    last_name                    text,
    full_name                    text,
    ghl_contact_id               text,
    linkedin_profile             text,
    timezone                     text,
    -- status: the last word given, and what the meetings make of it
    base_status                  text NOT NULL DEFAULT 'new',
    base_status_at               timestamptz,
    status                       text NOT NULL DEFAULT 'new',
    -- rollup: names fixed, written by the ledger only
    ghl_appointment_id           text,
    calendly_invitee_uri         text,
    calendly_scheduled_event_uri text,
    appointment_booked_at        timestamptz,
    appointment_start_at         timestamptz,
    appointment_end_at           timestamptz,
    appointment_status           text,
    appointment_canceled_at      timestamptz,
    appointment_provider         text,
    appointment_source           text,
    booked_slot                  text,
    appointment_count            integer NOT NULL DEFAULT 0,
    next_appointment_start_at    timestamptz,
    rollup_valid_until           timestamptz,
    rollup_version               integer NOT NULL DEFAULT 0,
    recompute_at                 timestamptz,
    -- outside the laws
    appointment_last_checked_at  timestamptz,
    created_at                   timestamptz NOT NULL DEFAULT now(),
    updated_at                   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (client_id, id)
) WITH (fillfactor = 80);
CREATE INDEX lead_by_status ON lead (client_id, status, id);
CREATE INDEX lead_to_recompute ON lead (recompute_at) WHERE recompute_at IS NOT NULL;

-- What a CRM's own columns said when it moved in; never overwritten.
CREATE TABLE legacy_rollup (
    client_id  uuid NOT NULL,
    id         uuid NOT NULL,
    lead_id    uuid NOT NULL,
    said       jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (client_id, id),
    UNIQUE (client_id, lead_id)
);

CREATE TABLE lead_identity (
    client_id  uuid NOT NULL,
    id         uuid NOT NULL,
    kind       text NOT NULL,
    digest     bytea NOT NULL,
    lead_id    uuid NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (client_id, id),
    UNIQUE (client_id, kind, digest)
);
CREATE INDEX lead_identity_by_lead ON lead_identity (client_id, lead_id);

-- Evidence that ties two real leads: nothing changes, a person is asked (RULES 3).
CREATE TABLE lead_conflict (
    client_id  uuid NOT NULL,
    id         uuid NOT NULL,
    lead_a     uuid NOT NULL,
    lead_b     uuid NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (client_id, id),
    UNIQUE (client_id, lead_a, lead_b)
);

CREATE TABLE inbox (
    client_id   uuid NOT NULL,
    id          uuid NOT NULL,
    lead_id     uuid NOT NULL,
    kind        text NOT NULL,
    payload     jsonb NOT NULL,
    received_at timestamptz NOT NULL,
    attempts    smallint NOT NULL DEFAULT 0,
    deaths      smallint NOT NULL DEFAULT 0,     -- workers that died while they held this job alone
    not_before  timestamptz NOT NULL DEFAULT now(),
    priority    smallint NOT NULL DEFAULT 0,     -- 0 live, 1 bulk
    replay_of   uuid,
    trace_id    uuid,
    PRIMARY KEY (client_id, id)
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 2000);
CREATE INDEX inbox_by_lead ON inbox (client_id, lead_id);
CREATE INDEX inbox_due ON inbox (not_before);

-- The history: one row for each distinct thing that a provider said; rows are only ever added.
CREATE TABLE observation (
    client_id    uuid NOT NULL,
    id           uuid NOT NULL,
    provider     text NOT NULL,
    external_id  text NOT NULL,
    digest       bytea NOT NULL,
    source       text NOT NULL,
    effective_at timestamptz NOT NULL,
    received_at  timestamptz NOT NULL,
    trace_id     uuid,
    body         jsonb NOT NULL,
    PRIMARY KEY (client_id, id),
    UNIQUE (client_id, provider, external_id, digest)
);

-- The projection: recomputed from observations and neighbours, never adjusted.
CREATE TABLE appointment (
    client_id                    uuid NOT NULL,
    id                           uuid NOT NULL,
    lead_id                      uuid NOT NULL,
    provider                     text NOT NULL,
    external_id                  text NOT NULL,
    ghl_appointment_id           text,
    calendly_invitee_uri         text,
    calendly_scheduled_event_uri text,
    ghl_calendar_id              text,
    calendly_event_type_uri      text,
    start_at                     timestamptz,
    end_at                       timestamptz,
    timezone                     text,
    status                       text NOT NULL,
    status_changed_at            timestamptz,
    booked_at                    timestamptz,
    canceled_at                  timestamptz,
    cancel_reason                text,
    rescheduled_from_id          uuid,
    rescheduled_to_id            uuid,
    link_kind                    text,
    moved_count                  integer NOT NULL DEFAULT 0,
    removed_at_provider          boolean NOT NULL DEFAULT false,
    placeholder                  boolean NOT NULL DEFAULT false,
    source                       text NOT NULL,
    first_effective_at           timestamptz NOT NULL,
    folded                       jsonb,          -- its own facts; null for a placeholder
    created_at                   timestamptz NOT NULL DEFAULT now(),
    updated_at                   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (client_id, id),
    UNIQUE (client_id, provider, external_id)
) WITH (fillfactor = 90);
CREATE INDEX appointment_timeline ON appointment (client_id, lead_id, start_at DESC NULLS LAST, id);
CREATE INDEX appointment_by_start ON appointment (client_id, provider, start_at, status);

CREATE TABLE dead_letter (
    client_id    uuid NOT NULL,
    id           uuid NOT NULL,
    lead_id      uuid,
    kind         text NOT NULL,
    provider     text,
    payload      jsonb NOT NULL,
    reason       text NOT NULL,
    error_class  text NOT NULL,
    location     text NOT NULL,
    traceback    text NOT NULL,
    fingerprint  text NOT NULL,
    attempts     smallint NOT NULL,
    code_version text NOT NULL,
    trace_id     uuid,
    job_id       uuid,
    received_at  timestamptz NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    state        text NOT NULL DEFAULT 'open',
    generation   smallint NOT NULL DEFAULT 0,
    PRIMARY KEY (client_id, id)
);
CREATE INDEX dead_letter_open ON dead_letter (client_id, fingerprint, created_at) WHERE state = 'open';

-- Which leads a worker's transaction has in hand; a row that outlives the lock names a killed worker.
CREATE UNLOGGED TABLE holding (
    id        uuid PRIMARY KEY,
    client_id uuid NOT NULL,
    lead_ids  uuid[] NOT NULL,
    job_id    uuid,
    since     timestamptz NOT NULL DEFAULT now()
);

-- Leads to be drained with care: `alone`, then job by job; `quarantined` if the book itself fails.
CREATE TABLE suspect (
    client_id   uuid NOT NULL,
    lead_id     uuid NOT NULL,
    level       text NOT NULL,
    fingerprint text,
    since       timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (client_id, lead_id)
);

-- What the breaker counts: jobs tried and failed in a minute, by kind and fingerprint ('' = tried).
CREATE TABLE work_minute (
    kind        text NOT NULL,
    fingerprint text NOT NULL,
    minute      timestamptz NOT NULL,
    jobs        integer NOT NULL,
    PRIMARY KEY (kind, fingerprint, minute)
);

-- What is not worked on: a kind of job, or a client ('*' = any).
CREATE TABLE pause (
    kind        text NOT NULL DEFAULT '*',
    client_id   uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
    reason      text NOT NULL,
    fingerprint text,
    since       timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (kind, client_id)
);

CREATE TABLE lease (
    name  text PRIMARY KEY,
    owner uuid NOT NULL,
    until timestamptz NOT NULL
);

CREATE TABLE audit_log (
    client_id uuid NOT NULL,
    id        uuid NOT NULL,
    at        timestamptz NOT NULL DEFAULT now(),
    actor     text NOT NULL,
    action    text NOT NULL,
    subject   uuid,
    detail    jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (client_id, id)
);

-- Nothing but the ledger may write the rollup columns, the table's owner included (DESIGN 7).
CREATE FUNCTION refuse_rollup_write() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rollup columns of lead are written by the ledger only'
        USING ERRCODE = 'insufficient_privilege',
              HINT = 'Post a job to the inbox; the drain recomputes the rollup.';
END $$;

CREATE TRIGGER lead_rollup_update BEFORE UPDATE ON lead FOR EACH ROW
WHEN (current_setting('apptrail.writer', true) IS DISTINCT FROM 'ledger'
      AND (OLD.status, OLD.ghl_appointment_id, OLD.calendly_invitee_uri, OLD.calendly_scheduled_event_uri,
           OLD.appointment_booked_at, OLD.appointment_start_at, OLD.appointment_end_at,
           OLD.appointment_status, OLD.appointment_canceled_at, OLD.appointment_provider,
           OLD.appointment_source, OLD.booked_slot, OLD.appointment_count, OLD.next_appointment_start_at,
           OLD.rollup_valid_until, OLD.rollup_version, OLD.recompute_at)
          IS DISTINCT FROM
          (NEW.status, NEW.ghl_appointment_id, NEW.calendly_invitee_uri, NEW.calendly_scheduled_event_uri,
           NEW.appointment_booked_at, NEW.appointment_start_at, NEW.appointment_end_at,
           NEW.appointment_status, NEW.appointment_canceled_at, NEW.appointment_provider,
           NEW.appointment_source, NEW.booked_slot, NEW.appointment_count, NEW.next_appointment_start_at,
           NEW.rollup_valid_until, NEW.rollup_version, NEW.recompute_at))
EXECUTE FUNCTION refuse_rollup_write();

CREATE TRIGGER lead_rollup_insert BEFORE INSERT ON lead FOR EACH ROW
WHEN (current_setting('apptrail.writer', true) IS DISTINCT FROM 'ledger'
      AND (NEW.status <> 'new' OR NEW.appointment_count <> 0 OR NEW.rollup_version <> 0
           OR coalesce(NEW.ghl_appointment_id, NEW.calendly_invitee_uri, NEW.calendly_scheduled_event_uri,
                       NEW.appointment_status, NEW.appointment_provider, NEW.appointment_source,
                       NEW.booked_slot) IS NOT NULL
           OR coalesce(NEW.appointment_booked_at, NEW.appointment_start_at, NEW.appointment_end_at,
                       NEW.appointment_canceled_at, NEW.next_appointment_start_at,
                       NEW.rollup_valid_until, NEW.recompute_at) IS NOT NULL))
EXECUTE FUNCTION refuse_rollup_write();

-- Teach the planner before the first row: in these tables client_id selects little and the rest nearly
-- all. On an empty table it would take any index that begins with client_id and keep that plan while
-- the table grows. The rows go, what ANALYZE learned of them stays.
INSERT INTO lead (client_id, id)
SELECT '00000000-0000-7000-8000-000000000000', gen_random_uuid() FROM generate_series(1, 40);
INSERT INTO lead_identity (client_id, id, kind, digest, lead_id)
SELECT client_id, id, CASE WHEN random() < 0.5 THEN 'email' ELSE 'appointment' END, uuid_send(id), id FROM lead;
INSERT INTO inbox (client_id, id, lead_id, kind, payload, received_at)
SELECT client_id, id, id, 'appointment', '{}', now() FROM lead;
INSERT INTO observation (client_id, id, provider, external_id, digest, source, effective_at, received_at, body)
SELECT client_id, id, 'calendly', id::text, uuid_send(id), 'webhook', now(), now(), '{}' FROM lead;
INSERT INTO appointment (client_id, id, lead_id, provider, external_id, status, source, first_effective_at)
SELECT client_id, id, id, 'calendly', id::text, 'confirmed', 'webhook', now() FROM lead;
ANALYZE lead, lead_identity, inbox, observation, appointment;
DELETE FROM lead;
DELETE FROM lead_identity;
DELETE FROM inbox;
DELETE FROM observation;
DELETE FROM appointment;
