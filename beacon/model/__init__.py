"""Ground floor: what a beacon talks about, as frozen values and pure functions.

Nothing here reads a file, a clock, a socket or a setting; nothing here logs.
Only the standard library is imported.
"""
