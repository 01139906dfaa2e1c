"""The processes of the hub, one composition root each. They share rows and NOTIFY, and nothing in memory."""
