-- Until when somebody is expected, as the board counts it down: moved with the timers when the wall clock is set.
ALTER TABLE alarm
  ADD COLUMN arrive_by         timestamptz,    -- the end of the owner's lease
  ADD COLUMN ambulance_card_at timestamptz;    -- from then on the 120 card fills every screen, while nobody is on scene

UPDATE alarm
   SET version = version + 1, ambulance_card_at = opened_at + interval '5 minutes',
       arrive_by = (SELECT due_at FROM alarm_timer
                     WHERE alarm_id = alarm.id AND kind = 'lease' AND done_at IS NULL)
 WHERE state <> 'closed';
