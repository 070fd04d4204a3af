"""What stands beside the lessons: accounts, logins, consents, cards, setup sections, schedules of works."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from etl.sources.demo.calendar import SchoolYear
from etl.sources.demo.habits import Ints, optional

_DAY: Final = 86400
_SECTIONS: Final = (
    "periods",
    "vacations",
    "subjects_federal",
    "subjects_school",
    "rooms",
    "staff",
    "classes",
    "groups",
    "individual_plans",
    "timetable",
    "monitoring_schedule",
    "new_year",
)
_CARDS: Final[dict[str, tuple[str, ...]]] = {
    "staff": ("birth_date", "education", "category", "phone"),
    "pupil": ("birth_date", "address", "document", "insurance_number"),
    "parent": ("phone", "e_mail", "occupation"),
}
_SCHOOL_CARD: Final = ("address", "phone", "e_mail", "licence", "director")


def build_timetable_versions(
    rng: np.random.Generator, year: SchoolYear, classes: pl.DataFrame, today: int
) -> pl.DataFrame:
    """A version a class at the start of the year and after the autumn vacation; some are published late."""
    starts = [year.start, year.quarters[1][0]]
    frame = classes.select("class").join(pl.DataFrame({"effective_from": starts}), how="cross")
    frame = frame.sort("effective_from", "class")
    count = len(frame)
    lead = rng.choice([6, 4, 3, 2, 1, 0, -1], count, p=[0.2, 0.25, 0.2, 0.2, 0.08, 0.04, 0.03])
    published = (frame["effective_from"].to_numpy() - lead) * _DAY + rng.integers(9 * 3600, 18 * 3600, count)
    return (
        frame.with_columns(pl.Series("published_at", published))
        .filter(pl.col("published_at") < today * _DAY)
        .with_columns(pl.int_range(1, pl.len() + 1).alias("version"))
    )


def build_setup(rng: np.random.Generator, year: SchoolYear, class_keys: list[str], limit: int) -> pl.DataFrame:
    """The sections that a school fills in at the start of the year; some late or never."""
    sections = [*_SECTIONS, *(f"class_list:{key}" for key in class_keys)]
    count = len(sections)
    lag = rng.choice([-10, -5, -2, 0, 2, 6, 12], count, p=[0.15, 0.25, 0.2, 0.18, 0.14, 0.05, 0.03])
    moment = (year.start + lag) * _DAY + rng.integers(9 * 3600, 19 * 3600, count)
    empty = np.array([section == "individual_plans" for section in sections])
    unfinished = (rng.random(count) < 0.02) | (moment > limit)
    return pl.DataFrame(
        {
            "section": sections,
            "items": np.where(empty | unfinished, 0, rng.integers(4, 60, count)),
            "attested_empty": empty & ~unfinished,
        }
    ).with_columns(optional(np.where(unfinished, -1, moment), "recorded_at"))


def build_schedule(
    rng: np.random.Generator,
    year: SchoolYear,
    works: pl.DataFrame,
    journals: pl.DataFrame,
    lessons: pl.DataFrame,
    today: int,
) -> pl.DataFrame:
    """The school's schedule of tests: held (5 % on another day than planned), skipped, and to come."""
    held = works.filter(pl.col("kind").is_in(["test", "essay"]) & pl.Series(rng.random(len(works)) < 0.96))
    coming = lessons.filter(
        (pl.col("day") >= today) & pl.col("kind_is_work") & pl.col("work_kind").is_in(["test", "essay"])
    )
    skipped = lessons.filter(
        (pl.col("status") == "cancelled") & pl.col("kind_is_work") & (pl.col("work_kind") == "test")
    )
    rows = pl.concat(
        [
            held.select("journal", "day", "kind", "is_monitoring"),
            coming.select("journal", "day", kind="work_kind", is_monitoring=pl.lit(False)),
            skipped.select("journal", "day", kind="work_kind", is_monitoring=pl.lit(False)),
        ]
    ).unique(["journal", "day", "kind"], maintain_order=True)
    rows = rows.join(journals.select("journal", "group", "subject"), on="journal", maintain_order="left")
    shift = np.where(rng.random(len(rows)) < 0.05, 7, 0)
    planned = np.minimum(rows["day"].to_numpy() + shift, year.end)
    return rows.with_columns(pl.Series("planned_on", planned), pl.int_range(1, pl.len() + 1).alias("assessment"))


def build_accounts(
    rng: np.random.Generator, year: SchoolYear, people: pl.DataFrame, exits: pl.DataFrame, limit: int
) -> pl.DataFrame:
    """One account a person. `people`: role, number; `exits`: role, number, day; 30 % stay open after it."""
    frame = people.join(exits, on=["role", "number"], how="left", maintain_order="left")
    count = len(frame)
    left = frame["day"].fill_null(-1).to_numpy()
    luck = rng.random(count)
    closed = (left + rng.integers(0, 6, count)) * _DAY + rng.integers(9 * 3600, 17 * 3600, count)
    closed = np.where((left >= 0) & (luck < 0.7) & (closed <= limit), closed, -1)
    created = (year.start - rng.integers(5, 900, count)) * _DAY + rng.integers(9 * 3600, 17 * 3600, count)
    return frame.select("role", "number").with_columns(
        pl.int_range(1, pl.len() + 1).alias("account"),
        pl.Series("active", closed < 0),
        pl.Series("created_at", created),
        optional(closed, "deactivated_at"),
    )


def build_activity(
    rng: np.random.Generator, year: SchoolYear, accounts: pl.DataFrame, today: int, family_days: int
) -> pl.DataFrame:
    """Logins by account and day: staff on most school days, families of the last `family_days` days only."""
    days = year.days[year.days < today]
    frames = []
    for role, share, chosen in (
        ("staff", 0.85, days),
        ("pupil", 0.22, days[days >= today - family_days]),
        ("parent", 0.3, days[days >= today - family_days]),
    ):
        own = accounts.filter((pl.col("role") == role) & pl.col("active"))
        eager = np.clip(rng.beta(2, 2 / share - 2, len(own)), 0.005, 0.98)
        row, column = np.nonzero(rng.random((len(own), len(chosen))) < eager[:, None])
        frames.append(
            own.select("account", "role", "number")[row].with_columns(
                pl.Series("date", chosen[column]), pl.Series("logins", 1 + rng.poisson(0.8, len(row)))
            )
        )
    return pl.concat(frames)


def build_consents(rng: np.random.Generator, year: SchoolYear, pupils: Ints, today: int) -> pl.DataFrame:
    """One row a parent who answered (parent number = pupil number); 2 % have not, 1 % refused."""
    answered = rng.random(len(pupils)) < 0.98
    late = rng.random(len(pupils)) < 0.05
    day = np.where(late, year.start + rng.integers(3, 60, len(pupils)), year.start - rng.integers(1, 700, len(pupils)))
    return pl.DataFrame(
        {
            "pupil": pupils,
            "status": np.where(rng.random(len(pupils)) < 0.01, "refused", "given"),
            "registered_on": day,
        }
    ).filter(pl.Series(answered) & (pl.col("registered_on") < today))


def build_cards(rng: np.random.Generator, people: pl.DataFrame) -> pl.DataFrame:
    """Flags of filled card fields for the school, staff, pupils and parents (`number` 0 = the school)."""
    fields = pl.DataFrame(
        [(kind, field) for kind, names in _CARDS.items() for field in names],
        schema=["role", "field"],
        orient="row",
    )
    own = pl.DataFrame(
        {
            "role": ["school"] * len(_SCHOOL_CARD),
            "number": [0] * len(_SCHOOL_CARD),
            "field": list(_SCHOOL_CARD),
        }
    )
    rows = pl.concat([own, people.select("role", "number").join(fields, on="role", maintain_order="left")])
    return rows.with_columns(pl.Series("filled", rng.random(len(rows)) < 0.965))
