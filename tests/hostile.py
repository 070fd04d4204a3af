"""A bundle whose every word of people is an attack: HTML, Markdown, LaTeX, icons, formulas, markup of Typst and of
templates, controls of writing direction, and lengths. What it aims at stands beside each.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import polars as pl

EVIL = "evil.example"
WORDS = (
    "<img src=x onerror=zzhit(1)>",  # HTML that runs
    "<script>zzhit(2)</script></style></script>",
    f"![zzimage](http://{EVIL}/p.png)",  # Markdown that fetches
    "[zzlink](javascript:zzhit(3))",
    f"[zzlink](http://{EVIL}/a) www.{EVIL} https://{EVIL}/b zz@{EVIL} <http://{EVIL}/c>",
    ":material/home: :red[zzred] :zz-badge[x] :smile: :streamlit:",
    "$\\frac{zz}{1}$ $$zz$$ `zzcode` ~~zzgone~~",
    "**zzbold** _zzslant_ *zzslant*",
    f'=HYPERLINK("http://{EVIL}","zz")',  # formulas of spreadsheets
    "+zz|' /C calc'!A0",
    "@SUM(zz)",
    "-2+3+zz",
    "# zzhead",  # beginnings of a line
    "- zzitem",
    "1. zzitem",
    "> zzquote",
    "\u202ezzrtl\u202c \u200ezz",
    "%s {0} {zz} {{ zz }} {% zz %} ${zz}",  # templates
    '#image("/etc/passwd") #zz[x] #eval("zz")',  # Typst
    '"><b onmouseover=zzhit(4)>zz</b>',
    "'; DROP TABLE access_user; -- zz",
    "<a href='javascript:zzhit(5)'>zz</a><b>zz</b><br>zz",  # Plotly's own HTML
    "zz\u0007\u001b[31m\u0085zz",  # controls that a terminal reads
    "&lt;img src=x onerror=zzhit(6)&gt; &#60;zz",
    "Я" * 500 + "zz",
)
_TEXTS = {
    "school": ("name", "short_name", "municipality", "region", "source_system"),
    "calendar_day": ("note",),
    "change": ("old_value", "new_value"),
    "edit_permission": ("permission_no", "protocol_no"),
    "enrolment": ("order_no",),
    "movement": ("order_no",),
    "lesson": ("topic", "homework"),
    "mark": ("protocol_no", "comment"),
    "plan_item": ("topic",),
    "pupil": ("full_name",),
    "school_class": ("letter",),
    "staff": ("full_name", "position"),
    "staff_absence": ("reason",),
    "study_group": ("name",),
    "subject": ("name",),
    "work": ("title",),
    "card_field": ("field",),
}
# a few of them, or the file is all quarantine
_SPOILED = {"mark": ("value",), "absence": ("code",), "lesson": ("staff_key",), "enrolment": ("pupil_key",)}
SPOILED_ROWS = 30
# what our texts never hold: read as Markdown, the words above would come to one of these
RAW = re.compile(
    r"(?<!\\)<(?:img|script|/?style|a |b |http)|(?<!\\)\]\((?!/|#)|(?<!\\)!\[|(?<!\\)`zz|(?<!\\)\$(?:zz|\\f)|:red\[zz"
    r"|:material/home:|:smile:|:streamlit:|(?<!\\)\*zz|(?<!\\)_zz|(?<!\\)~zz|https?://evil|www\.evil|zz@evil"
    r"|(?m:^(?:# zz|- zz|1\. zz|> zz))|&lt;img",
    re.IGNORECASE,
)


def write_hostile(source: Path, target: Path) -> Path:
    """The bundle of `source` with hostile words everywhere, one kind after another down each column."""
    target.mkdir(parents=True)
    for path in sorted(source.glob("*.csv")):
        rows = pl.read_csv(path, infer_schema=False)
        for place, column in enumerate(_TEXTS.get(path.stem, ())):
            if column in rows.columns:
                rows = rows.with_columns(_worded(rows, column, place, is_key=column == "field"))
        for column in _SPOILED.get(path.stem, ()):
            words = [WORDS[n % len(WORDS)] if n < SPOILED_ROWS else value for n, value in enumerate(rows[column])]
            rows = rows.with_columns(pl.Series(column, words, dtype=pl.String))
        rows.write_csv(target / path.name)
    manifest = json.loads((source / "manifest.json").read_text(encoding="utf-8"))
    (target / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return target


def _worded(rows: pl.DataFrame, column: str, place: int, *, is_key: bool) -> pl.Series:
    words = [
        None if value is None else f"{WORDS[(n + place) % len(WORDS)]}{'' if is_key else f' {n}'}"
        for n, value in enumerate(rows[column])
    ]
    return pl.Series(column, words, dtype=pl.String)
