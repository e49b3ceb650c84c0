"""Nordic Beacon: has this variant been seen elsewhere? (GA4GH Beacon v2)."""
