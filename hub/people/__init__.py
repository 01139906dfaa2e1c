"""The seniors, who is related to whom, and who may see what of whom."""
