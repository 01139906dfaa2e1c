"""A whole simulated centre: the same contract and device code as the real ones."""
