ALTER TABLE operator ADD COLUMN password_hash text;         -- argon2id; null: links only
ALTER TABLE operator_session ADD COLUMN last_seen_at timestamptz NOT NULL DEFAULT now();

-- Passwords that were wrong, by a hash of the name and one of the address they came from.
CREATE TABLE sign_in_failure (
    key bytea NOT NULL,
    at  timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX sign_in_failure_by_key ON sign_in_failure (key, at);
