"""What do our parsers do with bytes that nobody meant? `./anling fuzz` tries them; a small sample is in the suite."""
