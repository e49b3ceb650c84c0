"""The peers file: one TOML, read into a frozen ``Directory``, or refused.

A key that nobody knows, an address that is none, a peer that is ourselves: each is
one sentence and no network.
"""
