"""What a page sends to one of our scripts, as bytes of JSON.

Streamlit forwards bytes as they are; anything else it searches for frames, writes as JSON twice and hashes, once a run
for every table of the page.
"""

from __future__ import annotations

import json


def packed(data: object) -> bytes:
    """UTF-8 of the JSON that `assets/unpacked.js` reads; raises TypeError or ValueError for what JSON has no word for
    (a number that is none: a browser could not read it)."""
    return json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
