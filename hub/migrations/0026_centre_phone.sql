-- The number a family calls; empty: the centre has not said one.
ALTER TABLE centre ADD COLUMN phone text NOT NULL DEFAULT '' CHECK (phone ~ '^(\+?[0-9]{4,15})?$');
