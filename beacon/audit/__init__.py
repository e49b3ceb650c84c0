"""Who asked what, when and how it went: lines that nobody can change unseen.

It writes files and knows no HTTP, no database and no policy; what it needs of
others comes as plain values and one small protocol.  No line holds a variant, a
genotype, a token or a name.
"""
