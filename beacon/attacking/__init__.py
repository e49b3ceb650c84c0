"""Attacks on a beacon, asked over HTTP as anyone would ask.

Whether somebody is in a dataset is inferred here from answers alone, so that what
a policy is worth is measured and not believed.  Nothing in this package knows how
answers come about: it makes people, asks, and reckons.
"""
