"""What any program needs: database, clock, ids, errors, HTTP. No word of the domain but the ids."""
