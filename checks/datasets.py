"""The relations that expectations look at: one row stands for `row_count` things of a school.

Both Great Expectations and our own SQL read exactly these texts, so a predicate means the same to both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from etl.warehouse.ledger import RULES, Status


@dataclass(frozen=True)
class Dataset:
    """A relation with `school_id`, `row_count` and the columns that its predicates name."""

    name: str
    query: str
    is_deep: bool = False
    """Reads whole fact tables: looked at only when a deep check is asked for."""


def _names(pairs: Sequence[tuple[int, str]]) -> str:
    return ", ".join(f"({number}, '{name}')" for number, name in pairs)


_RULE_NAMES = _names([(rule.number, rule.name) for rule in RULES])
_STATUS_NAMES = _names([(int(status), status.name) for status in Status])
LEDGER = Dataset(
    "ledger",
    f"""SELECT c.school_id, c.rule AS rule_number, c.status AS status_number, n.name AS rule,
    s.name AS status, c.row_count
FROM check_cell c
JOIN (VALUES {_RULE_NAMES}) n (number, name) ON n.number = c.rule
JOIN (VALUES {_STATUS_NAMES}) s (number, name) ON s.number = c.status""",
)
"""The ledger at T, added up by school, rule and status (`check_cell`)."""

# how the loader words a value of another type, and a key that is blank, doubled or leads nowhere
_BAD_VALUE = "^(not |neither |holds a zero|from_on |starts_on |the (head|row|line|sheet|block|workbook) )"
_BAD_KEY = "^(refers to |the key came before|required cell)"
LAST_LOAD = Dataset(
    "last_load",
    f"""SELECT t.school_id, t.table_name, t.rows_read, t.rows_loaded, t.rows_unchanged, t.rows_rejected, t.rows_deleted,
    coalesce(j.bad_values, 0) AS bad_values, coalesce(j.bad_keys, 0) AS bad_keys, 1 AS row_count
FROM load_table t JOIN load_run r USING (load_id)
JOIN (SELECT school_id, max(extracted_at) AS extracted_at FROM load_table JOIN load_run USING (load_id)
      WHERE school_id > 0 GROUP BY school_id) l
    ON l.school_id = t.school_id AND l.extracted_at = r.extracted_at
LEFT JOIN (
    SELECT r.school_id, r.load_id, coalesce(n.table_name, 'school') AS table_name,
           count(*) FILTER (WHERE r.reason ~ '{_BAD_VALUE}') AS bad_values,
           count(*) FILTER (WHERE r.reason ~ '{_BAD_KEY}') AS bad_keys
    FROM load_reject r LEFT JOIN load_table n ON n.school_id = r.school_id AND n.load_id = r.load_id
         AND n.table_name = split_part(r.file, '.', 1)
    GROUP BY 1, 2, 3
) j ON j.school_id = t.school_id AND j.load_id = t.load_id AND j.table_name = t.table_name""",
)
"""One row per table of each school's newest load (all bundles of its moment), with its rows that were set aside by
kind of fault; those of workbooks, which are no tables, stand with the table `school`. Rows astray are of school 0,
which is none.
"""

JOURNAL_VOLUME = Dataset(
    "journal_volume",
    """SELECT j.school_id, j.journal_id, j.before_count, j.recent_count, j.of_class_before, j.of_class_recent,
    1 AS row_count
FROM (
    SELECT n.*, sum(before_count) OVER of_class AS of_class_before, sum(recent_count) OVER of_class AS of_class_recent
    FROM (
        SELECT l.school_id, l.class_id, l.journal_id,
               count(*) FILTER (WHERE l.held_on <= e.until_on - 14) AS before_count,
               count(*) FILTER (WHERE l.held_on > e.until_on - 14) AS recent_count
        FROM fact_lesson l
        JOIN (SELECT school_id, (extracted_at AT TIME ZONE timezone)::date AS until_on FROM dim_school) e
            USING (school_id)
        WHERE l.deleted_latest IS NULL AND l.status <> 'cancelled' AND l.kind = 'lesson' AND l.class_id IS NOT NULL
          AND l.held_on > e.until_on - 42 AND l.held_on <= e.until_on
        GROUP BY 1, 2, 3
    ) n WINDOW of_class AS (PARTITION BY n.school_id, n.class_id)
) j""",
)
"""One row per journal with lessons in the six weeks before its school's data end: lessons of the first four of them and
of the last two, and the same of its whole class.
"""

SCHOOL = Dataset(
    "school",
    """SELECT s.school_id, s.extracted_at,
    max(s.extracted_at) OVER (PARTITION BY s.municipality_id, s.is_demo) AS newest_at,
    EXISTS (SELECT 1 FROM fact_lesson l WHERE l.school_id = s.school_id AND l.deleted_latest IS NULL)
        AS has_lessons,
    EXISTS (SELECT 1 FROM check_cell c WHERE c.school_id = s.school_id) AS has_ledger, 1 AS row_count
FROM dim_school s""",
)
"""One row per school; `newest_at` is the newest export of the schools of its municipality."""

LESSON_KEY = Dataset(
    "lesson_key",
    """SELECT school_id, lesson_key, count(*) AS times, 1 AS row_count
FROM fact_lesson GROUP BY school_id, lesson_key""",
    is_deep=True,
)
MARK_KEY = Dataset(
    "mark_key",
    """SELECT school_id, mark_key, count(*) AS times, 1 AS row_count
FROM fact_mark GROUP BY school_id, mark_key""",
    is_deep=True,
)
OBLIGATION_KEY = Dataset(
    "obligation_key",
    f"""SELECT school_id, rule, count(*) AS times, 1 AS row_count
FROM obligation WHERE judgement_id = 0
GROUP BY school_id, rule, object_id, object_key, CASE WHEN object_id IS NULL THEN journal_id END,
    CASE WHEN object_id IS NULL THEN pupil_id END, CASE WHEN object_id IS NULL THEN period_id END,
    CASE WHEN made_status = {int(Status.breached)} THEN done_earliest END""",
    is_deep=True,
)
"""One row per thing that a rule of the school's own act speaks of; a breach that ended and came back has two rows."""

_ALL = (LEDGER, LAST_LOAD, SCHOOL, JOURNAL_VOLUME, LESSON_KEY, MARK_KEY, OBLIGATION_KEY)
DATASETS: dict[str, Dataset] = {one.name: one for one in _ALL}


def school_filter(school_ids: Sequence[int] | None, column: str = "school_id") -> str:
    """SQL condition for these schools; None = all. Written out: utility statements take no parameters."""
    if school_ids is None:
        return "true"
    numbers = ",".join(str(int(one)) for one in school_ids)
    return f"{column} = ANY ('{{{numbers}}}'::int[])"


def dataset_of(dataset: Dataset, school_ids: Sequence[int] | None) -> str:
    """The dataset's rows of these schools."""
    if school_ids is None:
        return dataset.query
    return f"SELECT * FROM ({dataset.query}) d WHERE {school_filter(school_ids)}"
