"""A killed `zavuch serve` must not leave a process on its port: each looks whether its parent still lives."""

from __future__ import annotations

import asyncio
import os
import signal

PARENT_VARIABLE = "ZAVUCH_SERVER_PARENT"
LOOK_SECONDS = 1.0


async def stop_without_parent() -> None:
    """Ends this process by SIGTERM when the process that the environment names is its parent no longer; returns at
    once where none is named."""
    parent = int(os.environ.get(PARENT_VARIABLE, "0"))
    while parent:
        if os.getppid() != parent:
            signal.raise_signal(signal.SIGTERM)
            return
        await asyncio.sleep(LOOK_SECONDS)
