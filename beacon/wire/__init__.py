"""Trade: Beacon JSON to values and back; no I/O."""
