"""Run ``beacon`` with look-ups that are never put together: one find a question.

    python benchmarks/uncoalesced.py --data-dir STORE serve --port 0

What coalescing is worth is told by the same server without it; no setting of ours
does this, because nobody should want it.  Serving processes import this file, too.
"""

from __future__ import annotations

from beacon.cli import main
from beacon.store.coalescing import Coalescer

Coalescer.__init__.__kwdefaults__ = {
    **(Coalescer.__init__.__kwdefaults__ or {}),
    "slots": 1_000_000,
    "cap": 1,
}

if __name__ == "__main__":
    main()
