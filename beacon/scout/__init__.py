"""What Scout calls, on a listener of its own: submissions, and observations.

The shapes are those of the two programs that Scout knows: a beacon it feeds
(cgbeacon2) and a database of local observations (loqusdbapi).  HTTP in; no database,
no policy, no file: what is submitted is told to a feeder, and what has been observed
is asked of this beacon's own API, where the policy holds.
"""
