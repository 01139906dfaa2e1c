-- That a process lives, by the clock of this server alone: the pages say that they are not live when the alarm path does
-- not. Written without waiting for the disk: what a crash of the server loses of it is a second old.
CREATE TABLE process_beat (
  process text PRIMARY KEY CHECK (process IN ('alarm-path', 'telemetry')),
  at      timestamptz NOT NULL,
  hears   boolean NOT NULL     -- whether devices can reach it now
);
GRANT SELECT, INSERT, UPDATE ON process_beat TO anling_alarms, anling_telemetry;
GRANT SELECT ON process_beat TO anling_pages_write;
