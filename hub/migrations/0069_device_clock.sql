-- How far the device's own clock is behind the hub's, as whichever process hears it has learned: what to add to its times.
-- NULL while nothing is known. Written with heard_at, and no more often.
ALTER TABLE device ADD COLUMN clock_behind interval;
