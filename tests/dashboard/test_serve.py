"""The worker beside the server: started by its name, started anew when it ends, stopped with the one who started it."""

from __future__ import annotations

import subprocess
import sys

from dashboard.serve import working
from etl.settings import PROJECT, Settings
from tests.conftest import Warehouse


def test_the_worker_is_started_anew_when_it_ends_and_stopped_on_leaving(warehouse: Warehouse) -> None:
    with working(Settings(home=warehouse.home)) as worker:
        first = worker.process
        worker.revive()
        assert worker.process is first
        first.kill()
        first.wait()
        worker.revive()
        assert worker.process.pid != first.pid and worker.process.poll() is None
    assert worker.process.poll() is not None


def test_the_server_never_imports_what_derives() -> None:
    code = (
        "import sys, dashboard.serve, dashboard.views.regulation\n"
        "print([name for name in sys.modules if name in ('etl.worker', 'etl.derive', 'etl.other_act', 'etl.job')"
        " or name.startswith('great_expectations')])"
    )
    shown = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"
