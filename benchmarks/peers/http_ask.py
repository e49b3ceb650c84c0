"""Ask a server that takes seconds an answer: threads, and no question cut short.

    python http_ask.py PORT QUESTIONS.json PATTERN CONNECTIONS SECONDS

``wrk`` forgets what is under way when its time is over.  Here each connection gets
one answer at least, and the time is that until the last one.
"""

from __future__ import annotations

import json
import re
import sys
import urllib.request
from pathlib import Path

from clock import ask

PATIENCE = 600


def main() -> None:
    """Ask for a while."""
    port, path, pattern, connections, seconds = sys.argv[1:]
    asked = json.loads(Path(path).read_text())
    wanted = re.compile(pattern)

    def look(where: object) -> object:
        url = f"http://127.0.0.1:{port}{where}"
        with urllib.request.urlopen(url, timeout=PATIENCE) as response:
            found = wanted.search(response.read().decode())
        return found and found[1]

    ask(look, asked, seconds=float(seconds), threads=int(connections))


if __name__ == "__main__":
    main()
