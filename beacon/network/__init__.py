"""Other beacons, asked together with our own.

One hardened exchange a question and node (``client``), its body read by ``wire``,
all nodes at once (``federation``), each dataset once (``merging``).  Nothing here
reads configuration, and nothing here knows the database or a policy.
"""
