"""`make bench [TIER=city]`: generate, load, judge; print each figure and its ratio to a floor of the same run."""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.table import Table

from etl.settings import Settings
from etl.sources.demo import generate
from etl.warehouse import embedded
from etl.warehouse.schema import open_warehouse
from tests.bench import BenchRow
from tests.bench.load import bench_load


def _bundles(folder: Path, tier: str, console: Console) -> list[Path]:
    ready = os.environ.get("BENCH_BUNDLE")
    if ready:
        return [Path(ready)]
    start = time.perf_counter()
    bundles = [bundle.path for bundle in generate(folder / "bundle", tier=tier)]  # type: ignore[arg-type]
    console.print(f"generated {tier} in {time.perf_counter() - start:.0f} s")
    return bundles


def _checks(url: str) -> list[BenchRow]:
    from tests.bench.checks import bench_checks

    return bench_checks(url)


def main() -> None:
    """Run every bench of one tier."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench")
    parser.add_argument("--tier", default="city", choices=("tiny", "demo", "city"))
    tier = parser.parse_args().tier
    console = Console()
    home = Path(tempfile.mkdtemp(prefix="zavuch-bench-"))
    table = Table(title=f"tier {tier}, {os.cpu_count()} cores")
    for name in ("what", "seconds", "floor s", "ratio", "floor"):
        table.add_column(name, justify="left" if name in {"what", "floor"} else "right")
    try:
        bundles = _bundles(home, tier, console)
        url = open_warehouse(Settings(home=home))
        stages: list[Callable[[], list[BenchRow]]] = [
            lambda: bench_load(bundles, url, home),
            lambda: _checks(url),
        ]
        for stage in stages:
            for row in stage():
                table.add_row(row.name, f"{row.seconds:.2f}", f"{row.floor_seconds:.2f}", f"{row.ratio:.2f}", row.note)
                console.print(
                    f"{row.name}: {row.seconds:.2f} s, floor {row.floor_seconds:.2f} s, ratio {row.ratio:.2f}"
                )
        console.print(table)
    finally:
        embedded.stop(home)
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    main()
