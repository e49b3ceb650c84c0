"""Door: the Beacon API over HTTP."""
