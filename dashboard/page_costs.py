"""What the pages cost: each page's script run without a browser, for one reader at the busiest place she may see.

`zavuch bench screens` starts this module in a process of its own, because the app's engine and Streamlit belong to the
process: `python -m dashboard.page_costs` reads `ZAVUCH_BENCH_READERS` (JSON: [user id, login, name, role] each) and
prints one line of JSON, `{"empty": seconds, "pages": [...]}`, a page as the fields of `PageCost`.
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import statistics
import sys
import time
from dataclasses import asdict, dataclass
from typing import Any

from streamlit.config import set_option
from streamlit.testing.v1 import AppTest, app_test
from streamlit.testing.v1.local_script_runner import LocalScriptRunner

from dashboard.access import Identity
from dashboard.collecting import settle
from dashboard.connection import accounts, app_engine
from dashboard.filters import Filters, to_params
from dashboard.pages_table import PAGES, is_open
from dashboard.queries.door import counted, forget, read
from dashboard.queries.periods import LETTERS
from etl.warehouse.scope import Scope

READERS_VARIABLE = "ZAVUCH_BENCH_READERS"
TIMEOUT = 120  # seconds of one run: a page that needs more is a defect, not a wait
WARM_RUNS = 9
_MIB = 1024 * 1024
# the journal with the most rows among those the reader may see, and its latest lesson
_BIGGEST = """
SELECT school_id, school_year, class_id, journal_id, sum(row_count) AS row_count
FROM mart_duty_week WHERE school_id = ANY(:schools) AND journal_id IS NOT NULL AND class_id IS NOT NULL
GROUP BY 1, 2, 3, 4 ORDER BY row_count DESC, school_id, journal_id LIMIT 1
"""
_BIGGEST_SCHOOL = """
SELECT school_id, school_year, sum(row_count) AS row_count FROM mart_duty_school WHERE school_id = ANY(:schools)
GROUP BY 1, 2 ORDER BY row_count DESC, school_id LIMIT 1
"""
# a period that is over has everything: in a running one pages lack period marks, their chart and their verdicts
_OVER = """
SELECT p.kind, p.number FROM dim_period p JOIN dim_school s USING (school_id)
WHERE p.school_id = ANY(:schools) AND p.school_id = :school AND p.deleted_latest IS NULL AND p.kind <> 'year'
  AND p.ends_on < (s.extracted_at AT TIME ZONE s.timezone)::date
ORDER BY p.ends_on DESC, p.kind, p.number LIMIT 1
"""
_LESSON = """
SELECT lesson_id FROM fact_lesson WHERE school_id = ANY(:schools) AND journal_id = :journal
ORDER BY held_on DESC, lesson_id LIMIT 1
"""


@dataclass(frozen=True)
class PageCost:
    """One page for one reader: seconds of a first run with nothing remembered and of a later one (median), the queries
    of both, the rows that the first one read, the bytes of the messages to the browser, and by how much the greatest
    memory of the process grew, in MiB.
    """

    login: str
    name: str
    role: str
    cold_seconds: float
    warm_seconds: float
    cold_queries: int
    warm_queries: int
    rows: int
    message_bytes: int
    memory_mib: float


def page_costs(identity: Identity, scope: Scope) -> list[PageCost]:
    """Every page that the reader may open, at the busiest place she may see; raises RuntimeError where a page fails."""
    return [
        _cost(name, identity, scope, route, filters)
        for name, route, filters in _positions(scope)
        if is_open(route, identity.role)
    ]


def empty_page_seconds() -> float:
    """Median seconds of a script that draws one line: what Streamlit itself costs here."""
    test = AppTest.from_function(_empty_page, default_timeout=TIMEOUT)
    _seconds(test)
    return statistics.median(_seconds(test) for _ in range(WARM_RUNS))


class _WeighingRunner(LocalScriptRunner):
    """Streamlit's runner of tests that also weighs what a browser would have been sent."""

    message_bytes = 0

    def run(self, *args: Any, **kwargs: Any) -> Any:
        tree = super().run(*args, **kwargs)
        type(self).message_bytes = sum(message.ByteSize() for message in self.forward_msgs())
        return tree


def _positions(scope: Scope) -> list[tuple[str, str, Filters]]:
    school, journal, lesson = _busiest(scope)
    here = {"journal": journal, "lesson": lesson}
    found = []
    for row in PAGES:
        if row.route in here:
            continue
        found.append((row.route, row.route, Filters() if row.route in ("overview", "guide") else school))
    found += [(name, "journal", place) for name, place in here.items() if place is not None]
    return found


def _busiest(scope: Scope) -> tuple[Filters, Filters | None, Filters | None]:
    schools = read(scope, _BIGGEST_SCHOOL).to_dicts()
    # the same place with row policies and without: who sees sums only has no journal, whatever the connection may read
    journals = [] if scope.is_above else read(scope, _BIGGEST).to_dicts()
    if not journals:
        return (_over(scope, schools[0]["school_id"]) if schools else Filters()), None, None
    row = journals[0]
    school = _over(scope, row["school_id"])
    journal = school.changed(year=row["school_year"], class_id=row["class_id"], journal=row["journal_id"])
    lessons = read(scope, _LESSON, {"journal": row["journal_id"]}).to_dicts()
    return school, journal, journal.changed(lesson=lessons[0]["lesson_id"]) if lessons else None


def _over(scope: Scope, school: int) -> Filters:
    """The school in its last period that is over."""
    found = read(scope, _OVER, {"school": school}).to_dicts()
    return Filters(school=school, period=f"{LETTERS[found[0]['kind']]}{found[0]['number']}" if found else None)


def _cost(name: str, identity: Identity, scope: Scope, route: str, filters: Filters) -> PageCost:
    before = _greatest_memory()
    test = AppTest.from_function(
        _page, default_timeout=TIMEOUT, kwargs={"identity": identity, "scope": scope, "route": route}
    )
    params: dict[str, Any] = dict(to_params(filters))
    test.query_params.update(params)
    _seconds(test)  # modules and prepared statements
    forget()
    with counted() as cold:
        cold_seconds = _seconds(test)
    with counted() as warm:
        warm_seconds = statistics.median(_seconds(test) for _ in range(WARM_RUNS))
    return PageCost(
        login=identity.login,
        name=name,
        role=identity.role,
        cold_seconds=cold_seconds,
        warm_seconds=warm_seconds,
        cold_queries=cold.queries,
        warm_queries=warm.queries // WARM_RUNS,
        rows=cold.rows,
        message_bytes=_WeighingRunner.message_bytes,
        memory_mib=_greatest_memory() - before,
    )


def _greatest_memory() -> float:
    """MiB: the greatest resident memory of this process so far (kilobytes on Linux, bytes on macOS)."""
    kept = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return kept / (_MIB if sys.platform == "darwin" else 1024)


def _seconds(test: AppTest) -> float:
    start = time.perf_counter()
    test.run()
    seconds = time.perf_counter() - start
    if test.exception:
        raise RuntimeError(f"The page failed: {test.exception[0].message} {test.exception[0].stack_trace}")
    return seconds


def _empty_page() -> None:
    import streamlit as st

    st.write("")


def _page(identity: object, scope: object, route: str) -> None:
    """Runs as a script of its own, so it imports what it needs."""
    import importlib

    import streamlit as st

    from dashboard import frame
    from dashboard.filters import parse
    from dashboard.pages_table import BY_ROUTE
    from dashboard.queries.door import one_run

    st.html(frame.STYLE)
    st.session_state[frame.IDENTITY_KEY] = [getattr(identity, name) for name in ("user_id", "login", "name", "role")]
    with one_run():
        importlib.import_module(BY_ROUTE[route].module).render(scope, parse(st.query_params.to_dict()))


def main() -> None:
    """Measure every reader of the environment and print the JSON."""
    set_option("client.showErrorDetails", "full")  # the reader of a bench is a developer
    app_test.LocalScriptRunner = _WeighingRunner  # type: ignore[attr-defined]
    for row in PAGES:
        importlib.import_module(row.module)  # loading a module is no page's memory
    with app_engine().connect() as connection:
        connection.rollback()
    settle()
    found: dict[str, Any] = {"empty": empty_page_seconds(), "pages": []}
    for user_id, login, name, role in json.loads(os.environ[READERS_VARIABLE]):
        identity = Identity(user_id, login, name, role)
        found["pages"] += [asdict(cost) for cost in page_costs(identity, accounts().scope_of(identity))]
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
