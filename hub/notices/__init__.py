"""Technical and low-priority matters that somebody should see soon."""
