"""The demo's stage: a stranger drives the simulated centre and sees what the hub makes of it. In the demo only."""
