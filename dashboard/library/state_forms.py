"""Source tables for forms that the acts do not name: pupils by grade, sex and age on a day (requirements B-46;
003 2.2.1, А-2.3, Т-2.1.5, Т-3.1.1). Pure.

The source knows the year of birth only, so the age is the one that is reached in the year of the day. Where the sex of
nobody in a line is known, girls and boys are blank: 0 would be a statement.
"""

from __future__ import annotations

import polars as pl

from dashboard.i18n import count, day_short, t
from dashboard.library.parts import Field, table
from dashboard.queries.state_forms import StateForms
from dashboard.reports.document import Section

_COUNTS = ("pupils", "girls", "boys", "sex_unknown")
_OLDEST = 100
"""An age beyond, or below 0, is a slip of the source: such a year of birth says nothing."""


def state_forms(page: StateForms) -> list[Section]:
    """«Таблицы для форм отчётности»: by grade and sex, by age and sex, and by all three."""
    day = day_short(page.day)
    note = t("state_forms.day", day=day)
    by_grade, by_age, by_both = (t(f"state_forms.{name}", day=day) for name in ("by_grade", "by_age", "by_both"))
    if page.pupils.is_empty():
        return [table(by_grade, page.pupils, [], notes=(note,), nothing=t("state_forms.nobody"))]
    rows = _aged(page)
    notes = [note, *_unsaid(rows)]
    ages = t("state_forms.ages", year=str(page.day.year))
    grade = Field("grade_words", t("state_forms.column_grade"), "text")
    of_age = [Field("born", t("state_forms.column_born"), "text"), Field("age", t("state_forms.column_age"))]
    counts = [Field(name, t(f"state_forms.column_{name}")) for name in _COUNTS]
    return [
        table(by_grade, _lines(rows, ["grade_words"]), [grade, *counts], notes=notes),
        table(by_age, _lines(rows, ["born", "age"]), [*of_age, *counts], notes=(ages,)),
        table(by_both, _lines(rows, ["grade_words", "born", "age"]), [grade, *of_age, *counts],
              notes=(ages,)),
    ]  # fmt: skip


def _aged(page: StateForms) -> pl.DataFrame:
    """The counted rows with the words and numbers of the tables; youngest first, an unknown year of birth last."""
    age = page.day.year - pl.col("birth_year").cast(pl.Int64)
    rows = page.pupils.with_columns(pl.when(age.is_between(0, _OLDEST)).then(age).alias("age"))
    return rows.sort("grade", "age", nulls_last=True).with_columns(
        pl.col("grade").cast(pl.String).alias("grade_words"),
        # a text: on paper a number of four digits is parted as thousands are
        pl.when(pl.col("age").is_not_null())
        .then(pl.col("birth_year").cast(pl.String))
        .otherwise(pl.lit(t("state_forms.not_told")))
        .alias("born"),
        pl.col("pupils").cast(pl.Int64),
    )


def _lines(rows: pl.DataFrame, by: list[str]) -> pl.DataFrame:
    """One line per group of `by`, then the total."""
    ordered = rows if by[0] == "grade_words" else rows.sort("age", nulls_last=True)
    groups = ordered.group_by(by, maintain_order=True).agg(*_sums())
    first = pl.lit(t("report.total")).alias(by[0])
    return pl.concat([groups, rows.select(first, *_sums())], how="diagonal_relaxed")


def _sums() -> list[pl.Expr]:
    pupils, sex = pl.col("pupils"), pl.col("sex")
    unknown = pupils.filter(sex.is_null()).sum()
    known = pl.when(unknown < pupils.sum())
    return [
        pupils.sum(),
        known.then(pupils.filter(sex == "f").sum()).alias("girls"),
        known.then(pupils.filter(sex == "m").sum()).alias("boys"),
        unknown.alias("sex_unknown"),
    ]


def _unsaid(rows: pl.DataFrame) -> list[str]:
    """Sentences about what the source leaves open, and who stands in two classes."""
    found = {
        "no_sex": rows.filter(pl.col("sex").is_null())["pupils"].sum(),
        "no_year": rows.filter(pl.col("age").is_null())["pupils"].sum(),
        "doubled": rows["doubled"].sum(),
    }
    return [t(f"state_forms.{name}", n=count(int(n), "pupil")) for name, n in found.items() if n]
