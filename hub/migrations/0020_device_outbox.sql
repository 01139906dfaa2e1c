-- What was told to one device: read whenever it connects, and whenever it is told something newer.
CREATE INDEX device_command_device ON device_command (device_id, until_at);
