"""Content rules about the texts of lessons and who wrote them (annex R20: G19, G20; 004 5-УП-6). Grain: lesson."""

from __future__ import annotations

import polars as pl

from etl.transforms.moments import INSTANT, NEVER, start_of_day
from etl.transforms.obligations.content_marks import of_lessons
from etl.transforms.obligations.context import Context
from etl.transforms.obligations.verdict import OBLIGATION
from etl.transforms.presence import homework_is_there
from etl.transforms.values import has_topic


def build_content_of_topics(context: Context) -> pl.DataFrame:
    """Breaches of topic_language, topic_on_cancelled and author_absent."""
    return pl.concat([_foreign_topics(context), _topics_on_cancelled(context), _absent_authors(context)])


def _topics(context: Context, wanted: pl.Expr) -> pl.DataFrame:
    """Live lessons with a topic that is made at some T and `wanted`, which may read the topic and the status."""
    found = context.present("lesson").filter(has_topic(pl.col("topic")) & wanted)
    texts = found.select("lesson_id", pl.col("topic_recorded_latest").alias("since"))
    return context.lessons.join(texts, on="lesson_id", how="inner")


def _foreign_topics(context: Context) -> pl.DataFrame:
    """A topic without one Cyrillic letter; a foreign title inside a Russian text is fine (R53-ST6)."""
    if not any(version.word("topic_language") for version in context.versions):
        return pl.DataFrame(schema=OBLIGATION)
    foreign = _topics(context, ~pl.col("topic").str.contains(r"\p{Cyrillic}"))
    return of_lessons(
        foreign.filter(context.word("topic_language", pl.col("held_on")) == "ru"), context, "topic_language"
    )


def _topics_on_cancelled(context: Context) -> pl.DataFrame:
    """A lesson that did not take place has no topic, whenever the lesson is (G19)."""
    return of_lessons(_topics(context, pl.col("status") == "cancelled"), context, "topic_on_cancelled")


def _absent_authors(context: Context) -> pl.DataFrame:
    """Lessons of a day on which the author of their topic or homework was registered as absent (G20).

    The lesson's day decides: whoever was ill that day did not teach the lesson. Only what was surely typed in advance
    of that day, or may have been, accuses nobody (000 Р-2.3 recommends homework in advance). A substitute changes
    nothing, because the entry is still in the name of the one who was not there.
    """
    absences = context.present("staff_absence").select(pl.col("staff_id").alias("author_id"), "from_on", "to_on")
    lessons = context.present("lesson")
    entries = pl.concat(
        [
            lessons.filter(is_there).select(
                "lesson_id",
                "held_on",
                pl.col(f"{entry}_recorded_by_id").alias("author_id"),
                pl.col(f"{entry}_recorded_earliest").alias("from"),
                pl.col(f"{entry}_recorded_latest").alias("since"),
            )
            for entry, is_there in (
                ("topic", has_topic(pl.col("topic"))),
                ("homework", homework_is_there(lessons.columns)),
            )
        ]
    )
    absent = (pl.col("from_on") <= pl.col("held_on")) & (
        pl.col("to_on").is_null() | (pl.col("held_on") < pl.col("to_on"))
    )
    first = (
        entries.join(absences, on="author_id", how="inner")
        .filter(absent & (pl.col("since") < pl.lit(NEVER, INSTANT)))
        .filter(pl.col("from") >= start_of_day(pl.col("held_on"), context.zone))
        .group_by("lesson_id")
        .agg(pl.col("since").min())
    )
    return of_lessons(context.lessons.join(first, on="lesson_id", how="inner"), context, "author_absent")
