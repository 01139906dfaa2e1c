"""The organisation's phones, simulated: a real HTTP and SMTP receiver, and a page on which they buzz."""
