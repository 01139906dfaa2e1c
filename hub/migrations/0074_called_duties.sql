-- Which duties do the tiers call, in which of the centre's hours? The tiers are of the alarms, which the roster must not
-- read: who writes them writes these rows, too. Telemetry, which has no right on tiers, asks whether such a duty's roster ends.
CREATE TABLE called_duty (
  centre_id text NOT NULL REFERENCES centre,
  applies   text NOT NULL CHECK (applies IN ('opening_hours', 'out_of_hours')),
  duty      text NOT NULL CHECK (duty IN ('primary', 'secondary', 'centre_staff', 'lead')),
  PRIMARY KEY (centre_id, applies, duty)
);
GRANT SELECT ON called_duty TO anling_telemetry;
GRANT SELECT, INSERT, DELETE ON called_duty TO anling_pages_write;
-- The lead's duty is a fixed post: while somebody active has that role, nobody misses its shifts.
GRANT SELECT (centre_id, role) ON account TO anling_telemetry;

-- What the tiers of today call; where a centre has written none, the shipped ones hold.
INSERT INTO called_duty (centre_id, applies, duty)
SELECT centre.id, hours.applies, duty
  FROM centre
 CROSS JOIN (VALUES ('opening_hours', '["duty:primary", "duty:secondary", "duty:centre_staff", "duty:lead"]'::jsonb),
                    ('out_of_hours', '["duty:primary", "duty:secondary", "duty:lead"]')) AS hours (applies, shipped)
  LEFT JOIN escalation_policy AS policy
    ON policy.centre_id = centre.id AND policy.applies = hours.applies AND policy.current
 CROSS JOIN unnest(ARRAY['primary', 'secondary', 'centre_staff', 'lead']) AS duty
 WHERE CASE WHEN policy.tiers IS NULL THEN hours.shipped @> to_jsonb('duty:' || duty)
            ELSE jsonb_path_exists(policy.tiers, '$[*].targets[*] ? (@ == $called)', jsonb_build_object('called', 'duty:' || duty))
       END;
