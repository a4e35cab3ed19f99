-- Computed from a lead's book in each drain, but for what persons did, which is a fact: act to assigned_at.
-- provider and external_id name the appointment; of a native move, the one that was replaced.
CREATE TABLE follow_up (
    client_id     uuid NOT NULL,
    id            uuid NOT NULL,
    lead_id       uuid NOT NULL,
    kind          text NOT NULL,
    provider      text NOT NULL,
    external_id   text NOT NULL,
    urgent        boolean NOT NULL,
    cause_at      timestamptz,                -- null: only an act is left, the facts tell of no cause
    due_at        timestamptz,
    state         text NOT NULL,
    closed_reason text,
    closed_at     timestamptz,
    lost_start_at timestamptz,
    new_start_at  timestamptz,
    act           text,
    acted_at      timestamptz,
    acted_by      text,
    snoozed_until timestamptz,
    assignee      uuid,
    assigned_at   timestamptz,
    created_at    timestamptz NOT NULL DEFAULT now(),
    updated_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (client_id, id),
    UNIQUE (client_id, lead_id, kind, provider, external_id)
) WITH (fillfactor = 90);
CREATE INDEX follow_up_by_urgency ON follow_up (client_id, state, urgent DESC, due_at, cause_at DESC, id);

INSERT INTO follow_up (client_id, id, lead_id, kind, provider, external_id, urgent, state)
SELECT '00000000-0000-7000-8000-000000000000', id, id, 'meeting-canceled', 'calendly', id::text, true, 'open'
FROM (SELECT gen_random_uuid() AS id FROM generate_series(1, 40)) AS made;
ANALYZE follow_up;
DELETE FROM follow_up;
