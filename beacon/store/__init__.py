"""The only trade that knows MongoDB: connecting, keeping, finding.

No driver is imported outside this folder, and nothing here knows HTTP,
Beacon's JSON or what may be said to whom.
"""
