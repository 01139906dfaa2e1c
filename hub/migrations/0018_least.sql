-- The pages' role reads what pages show and no more: a check that somebody forgets in the code leaks nothing.

-- No page shows a password's hash, a phone number or what a senior's record says of her; the hub's own role reads them.
REVOKE SELECT ON account, senior FROM anling_web;
GRANT SELECT (id, centre_id, organisation_id, role, name, name_en, language, active) ON account TO anling_web;
GRANT SELECT (id, centre_id, name, address_as, address_as_en) ON senior TO anling_web;

-- Devices, whose they are, notices and shifts are the staff's.
ALTER TABLE device ENABLE ROW LEVEL SECURITY;
CREATE POLICY device_hub ON device TO anling_hub USING (true) WITH CHECK (true);
CREATE POLICY device_web ON device FOR SELECT TO anling_web USING (sees_seniors_of(centre_id));
ALTER TABLE assignment ENABLE ROW LEVEL SECURITY;
CREATE POLICY assignment_hub ON assignment TO anling_hub USING (true) WITH CHECK (true);
CREATE POLICY assignment_web ON assignment FOR SELECT TO anling_web
  USING (EXISTS (SELECT FROM device WHERE device.id = device_id));
ALTER TABLE notice ENABLE ROW LEVEL SECURITY;
CREATE POLICY notice_hub ON notice TO anling_hub USING (true) WITH CHECK (true);
CREATE POLICY notice_web ON notice FOR SELECT TO anling_web USING (sees_seniors_of(centre_id));
ALTER TABLE shift ENABLE ROW LEVEL SECURITY;
CREATE POLICY shift_hub ON shift TO anling_hub USING (true) WITH CHECK (true);
CREATE POLICY shift_web ON shift FOR SELECT TO anling_web USING (sees_seniors_of(centre_id));

-- Whoever is disabled is nobody's relative, as nobody's colleague already.
CREATE OR REPLACE FUNCTION is_relative_of(wanted_senior_id text) RETURNS boolean
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
  SELECT EXISTS (
    SELECT FROM relation
      JOIN account ON account.id = relation.account_id
     WHERE relation.account_id = current_account() AND relation.senior_id = wanted_senior_id
       AND relation.confirmed_at IS NOT NULL AND relation.blocked_at IS NULL AND account.active)
$$;
