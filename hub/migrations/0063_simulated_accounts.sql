-- Accounts of a simulated centre work nowhere else, whichever program simulates it.

ALTER TABLE account RENAME COLUMN demo TO simulated;
