-- What notifications publish: how active accounts can be reached, and whether that works. Put into the statement that
-- asks, like assignments_at.
CREATE FUNCTION contacts_of_active_accounts()
  RETURNS TABLE (id text, account_id text, centre_id text, role text, channel text, rank smallint, works boolean)
  LANGUAGE sql STABLE
  BEGIN ATOMIC
    SELECT contact_method.id, contact_method.account_id, account.centre_id, account.role, contact_method.channel,
           contact_method.rank, contact_method.verified_at IS NOT NULL AND NOT contact_method.test_failed
      FROM contact_method
      JOIN account ON account.id = contact_method.account_id AND account.active;
  END;
