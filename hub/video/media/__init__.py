"""The media process: it shows what it has a lease for, and knows no policy, no account and no database."""
