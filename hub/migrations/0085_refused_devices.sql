-- Refused passwords of devices stand in the access chain: the alarm path, whose broker refuses them, appends there.
GRANT INSERT ON ledger_access TO anling_alarms;
