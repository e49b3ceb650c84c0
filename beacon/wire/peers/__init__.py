"""Other beacons' JSON, both ways: our question in their words, their answer in ours.

Pure: bytes in, values out.  A failure is never a "no" here, whatever bytes come;
no member or text of a foreign document leaves this package except as our own
values and as plain, short sentences.
"""
