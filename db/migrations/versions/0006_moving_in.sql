-- Appointments that a legacy row names and another lead owns, as `provider:id`; the import decides.
ALTER TABLE legacy_rollup ADD COLUMN shared text[] NOT NULL DEFAULT '{}';

-- A walk over a client's leads: migrate-appointments, audit-rollups, rebuild. `id` is the run's, the same
-- for each client that it visits. `place` is the last row that was dealt with; it is written in the
-- transaction that dealt with it.
CREATE TABLE backfill_run (
    client_id   uuid NOT NULL,
    id          uuid NOT NULL,
    kind        text NOT NULL,
    state       text NOT NULL DEFAULT 'running',   -- running, done, rolled_back
    place       uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
    counts      jsonb NOT NULL DEFAULT '{}',
    started_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (client_id, id)
);
CREATE INDEX backfill_run_open ON backfill_run (client_id, kind, started_at) WHERE state = 'running';

-- What the application that moved in used to read, by the names that it used (Prisma's). Read-only: a role
-- with SELECT on it needs no right on `lead`. There never was a sentiment of ours: the column is empty.
CREATE VIEW "Lead" AS
SELECT id,
       client_id                    AS "clientId",
       external_id                  AS "externalId",
       email,
       phone,
       first_name                   AS "firstName",
       last_name                    AS "lastName",
       ghl_contact_id               AS "ghlContactId",
       status,
       NULL::text                   AS "sentimentTag",
       ghl_appointment_id           AS "ghlAppointmentId",
       calendly_invitee_uri         AS "calendlyInviteeUri",
       calendly_scheduled_event_uri AS "calendlyScheduledEventUri",
       appointment_booked_at        AS "appointmentBookedAt",
       appointment_start_at         AS "appointmentStartAt",
       appointment_end_at           AS "appointmentEndAt",
       appointment_status           AS "appointmentStatus",
       appointment_canceled_at      AS "appointmentCanceledAt",
       appointment_provider         AS "appointmentProvider",
       appointment_source           AS "appointmentSource",
       booked_slot                  AS "bookedSlot",
       appointment_count            AS "appointmentCount",
       next_appointment_start_at    AS "nextAppointmentStartAt",
       appointment_last_checked_at  AS "appointmentLastCheckedAt",
       created_at                   AS "createdAt",
       updated_at                   AS "updatedAt"
FROM lead
WHERE merged_into IS NULL;
