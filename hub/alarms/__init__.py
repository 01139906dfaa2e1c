"""From a finding to an outcome: lifecycle, escalation, timers."""
