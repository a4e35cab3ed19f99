-- Leads whose rows are not what their observations add up to, as the clock's looks (or an audit) found them.
-- A row goes as soon as a look finds the lead right. Ids, causes and names of columns; no value.
CREATE TABLE rollup_finding (
    client_id  uuid NOT NULL,
    lead_id    uuid NOT NULL,
    cause      text NOT NULL,
    columns    text[] NOT NULL DEFAULT '{}',
    found_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (client_id, lead_id)
);

-- When the person was erased: nobody's names are claimed for such a lead again, whatever is still told of its meetings.
ALTER TABLE lead ADD COLUMN erased_at timestamptz;
