"""Stable keys for people and groups of systems that give none: an HMAC with a secret of the installation, so that a
key holds no name and two installations do not share keys (design: ids).
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from pathlib import Path

FILE = "source.key"
"""In the folder of all state; whoever loses it sees every pupil of such a system arrive as a new one."""


def installation_secret(home: Path) -> bytes:
    """The secret of this installation, made at the first call; readable by its owner alone."""
    home.mkdir(parents=True, exist_ok=True)
    path = home / FILE
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        return path.read_bytes()
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(secrets.token_hex(32).encode("ascii"))
    return path.read_bytes()


def hidden(secret: bytes, *parts: str) -> str:
    """24 hexadecimal digits for these words, always the same and not to be turned back."""
    return hmac.new(secret, "\x1f".join(parts).encode(), hashlib.sha256).hexdigest()[:24]
