-- The latest visit of a senior: what is known of her already, when an older card read comes late.
CREATE INDEX visit_day ON visit (senior_id, arrived_at);
