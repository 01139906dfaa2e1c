"""The hub of one centre: what arrives from devices, what it means, who is told, who may see."""
