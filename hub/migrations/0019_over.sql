-- What is over is forgotten: sessions and links some time after their end, a ticket with its viewing.
GRANT DELETE ON session, invitation, first_administrator, video_ticket TO anling_hub;

-- A viewing outlives the session in which it was opened; while it runs it has one.
ALTER TABLE viewing
  ALTER COLUMN session_id DROP NOT NULL,
  DROP CONSTRAINT viewing_session_id_fkey,
  ADD FOREIGN KEY (session_id) REFERENCES session ON DELETE SET NULL,
  ADD CONSTRAINT viewing_runs_in_a_session CHECK (session_id IS NOT NULL OR ended_at IS NOT NULL);
CREATE INDEX viewing_session ON viewing (session_id);
