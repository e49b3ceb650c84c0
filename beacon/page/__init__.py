"""Door: the pages people read."""
