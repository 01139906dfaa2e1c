-- A "not now" with an end is ended by a due job, as consents are: with its entry in the ledger, and told to the pages.
-- `ended_at` says that this is written, or that she revoked it before.
ALTER TABLE veto ADD COLUMN ended_at timestamptz;

-- What was over when the hub last wrote into the ledger is history, which gets no entry now.
UPDATE veto
   SET ended_at = until_at
 WHERE until_at <= (SELECT max(at) FROM (SELECT at FROM ledger_care UNION ALL SELECT at FROM ledger_access) AS entry);
INSERT INTO due_job (id, centre_id, kind, subject, made_at, due_at)
SELECT 'j-' || veto.id, senior.centre_id, 'veto-ends', veto.id, veto.from_at, greatest(veto.from_at, veto.until_at)
  FROM veto
  JOIN senior ON senior.id = veto.senior_id
 WHERE veto.until_at IS NOT NULL AND veto.ended_at IS NULL;
