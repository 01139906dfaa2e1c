-- A clock that was behind and is set right must not end the links of messages that were sent meanwhile.
GRANT UPDATE (ends_at) ON accept_link TO anling_hub;
