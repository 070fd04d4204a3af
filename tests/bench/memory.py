"""`python -m tests.bench.memory [BUNDLE]`: greatest memory of the processes that load and check; aim ≤ 1 GB.

Without BUNDLE it generates the 60 schools of the tier `city`. The database is a new one and is not counted: its memory
is set in `warehouse.server_settings`.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from checks.runner import run_checks
from etl.job import load_bundle
from etl.settings import Settings
from etl.sources.demo import generate
from etl.warehouse import embedded
from etl.warehouse.schema import open_warehouse

MIB = 2**20


def load(bundle: Path, home: Path) -> None:
    """What the measured process does."""
    report = load_bundle(bundle, open_warehouse(Settings(home=home)), home)
    rows = sum(balance.read for balance in report.balances.values())
    print(f"{report.school_count} schools, {rows:,} rows, {report.obligation_count:,} obligations, {report.seconds}")


def check(home: Path) -> None:
    """What the second measured process does: the first run of all suites over everything that is loaded."""
    run_checks(open_warehouse(Settings(home=home)))


def peak_of(step: str, bundle: Path, home: Path) -> tuple[int, float]:
    """Greatest resident memory of a process that loads or checks, bytes (mapped files included), and seconds."""
    start = time.perf_counter()
    arguments = [str(bundle), "--home", str(home), "--step", step]
    child = subprocess.Popen([sys.executable, "-m", "tests.bench.memory", *arguments])
    _pid, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"{step} ended with {child.returncode}")
    return usage.ru_maxrss * 1024, time.perf_counter() - start


def main() -> None:
    """Measure one bundle and print two lines; with --home load it there, in this process."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.memory")
    parser.add_argument("bundle", nargs="?", type=Path)
    parser.add_argument("--home", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--step", choices=("load", "check"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.step == "load":
        return load(arguments.bundle, arguments.home)
    if arguments.step == "check":
        return check(arguments.home)
    home = Path(tempfile.mkdtemp(prefix="bench-memory-"))
    try:
        bundle = arguments.bundle or generate(home / "bundle", tier="city")[0].path
        size = sum(path.stat().st_size for path in bundle.iterdir()) if bundle.is_dir() else bundle.stat().st_size
        for step in ("load", "check"):
            peak, seconds = peak_of(step, bundle, home)
            figures = f"bundle {size / MIB:,.0f} MiB, peak memory {peak / MIB:,.0f} MiB, {seconds:,.0f} s"
            print(f"{step}: {figures}", flush=True)
    finally:
        embedded.stop(home)
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    main()
