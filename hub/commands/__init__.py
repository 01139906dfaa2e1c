"""What a person may decide from the terminal, while the hub runs or not: each calls a service."""
