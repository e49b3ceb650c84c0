"""Who asks, by what was proven: tokens, visas and keys become a ``Requester``.

It may ask issuers over HTTP; of the store it knows only what a protocol here says.
What a requester may learn is the policy's to say, not decided here.
"""
