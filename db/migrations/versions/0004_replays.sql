-- What becomes of a dead letter. Claiming and posting again are one transaction, so there is no state
-- between `open` and `replaying`.
ALTER TABLE inbox ADD COLUMN first_failed_at timestamptz;

ALTER TABLE dead_letter
    ADD COLUMN first_failed_at timestamptz,      -- the last failure is created_at
    ADD COLUMN replay_of       uuid,             -- the letter of the generation before
    ADD COLUMN replay_id       uuid,             -- the operation that posted it again
    ADD COLUMN outcome         text,             -- of a replay: applied, failed_again
    ADD COLUMN closed_at       timestamptz,
    ADD COLUMN closed_by       text,
    ADD COLUMN closed_because  text;
CREATE INDEX dead_letter_by_replay ON dead_letter (replay_id, state) WHERE replay_id IS NOT NULL;
CREATE INDEX dead_letter_oldest ON dead_letter (created_at, id) WHERE state = 'open';

-- Operators' text; the command line warns against personal data.
CREATE TABLE dead_letter_note (
    client_id uuid NOT NULL,
    id        uuid NOT NULL,
    letter_id uuid NOT NULL,
    author    text NOT NULL,
    at        timestamptz NOT NULL DEFAULT now(),
    text      text NOT NULL,
    PRIMARY KEY (client_id, id)
);
CREATE INDEX dead_letter_note_by_letter ON dead_letter_note (client_id, letter_id);

-- One durable operation over a filter; client_id is nil for an operation over every client.
CREATE TABLE replay (
    client_id    uuid NOT NULL,
    id           uuid NOT NULL,
    filter       jsonb NOT NULL,
    reason       text NOT NULL,
    actor        text NOT NULL,
    rate         real NOT NULL,                  -- letters a second
    most         integer,                        -- letters at most
    canaries     integer NOT NULL,               -- letters of each fingerprint that go first
    state        text NOT NULL DEFAULT 'running',-- running, paused, canceled, stopped (a canary died), done
    phase        text NOT NULL DEFAULT 'canary', -- canary, waiting, rest
    total        integer NOT NULL,
    posted       integer NOT NULL DEFAULT 0,
    driven_until timestamptz,                    -- somebody's hands are on it until then
    started_at   timestamptz NOT NULL DEFAULT now(),
    ended_at     timestamptz,
    PRIMARY KEY (client_id, id)
);
CREATE INDEX replay_running ON replay (id) WHERE state = 'running';
