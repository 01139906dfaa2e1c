"""Accounts, sessions, and the one function that says who may do what."""
