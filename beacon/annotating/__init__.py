"""What beacons say, written into a VCF: between its records and an ``Answers``.

A file comes through ``loaders``; whom its alleles are asked of is handed in.
Neither HTTP nor a database is known here, and nothing of a file is kept.
"""
