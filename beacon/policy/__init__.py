"""Trade: what may be said to whom.  Pure: no I/O, clock, randomness or async."""
