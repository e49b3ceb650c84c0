"""A judge for anyone's Beacon: what it says, held against the specification.

It asks over HTTP as any client would, of this beacon or another, and knows
nothing of how either is made.
"""
