"""Settings of the embedded server: large loads, a few dozen readers, a small machine."""

from __future__ import annotations

import os
from pathlib import Path

_MIB = 1024 * 1024


def settings_text(port: int) -> str:
    """Text of the settings file for a small machine with large loads; listens on 127.0.0.1 alone."""
    shared = max(128, min(2048, memory_bytes() // 4 // _MIB))
    lines = [
        "# Written anew at each start; ALTER SYSTEM wins over it.",
        "listen_addresses = '127.0.0.1'",
        "unix_socket_directories = ''",
        f"port = {port}",
        "cluster_name = 'zavuch'",
        "max_connections = 60",
        "password_encryption = 'scram-sha-256'",
        "timezone = 'UTC'",
        "log_timezone = 'UTC'",
        f"shared_buffers = {shared}MB",
        "huge_pages = off",
        "work_mem = 64MB",
        "maintenance_work_mem = 512MB",
        "jit = off",
        "# large loads: little log volume, rare checkpoints, every commit durable",
        "wal_level = minimal",
        "max_wal_senders = 0",
        "max_wal_size = 8GB",
        "wal_compression = on",
        "checkpoint_timeout = 15min",
        "synchronous_commit = on",
    ]
    if not _shared_memory_is_large():
        # containers have 64 MB in /dev/shm, and parallel queries fail there
        lines.append("dynamic_shared_memory_type = mmap")
    return "\n".join(lines) + "\n"


def memory_bytes() -> int:
    """Memory of the machine, or of the container where that is less; bytes."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for limit in (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes")):
        if limit.exists():
            text = limit.read_text(encoding="ascii").strip()
            total = min(total, int(text)) if text.isdigit() else total
    return total


def _shared_memory_is_large() -> bool:
    try:
        size = os.statvfs("/dev/shm")  # noqa: S108 - asked for its size, nothing is written
    except FileNotFoundError:
        return False
    return size.f_frsize * size.f_blocks >= 1024 * _MIB
