"""A bundle whose every word of people is an attack: HTML, Markdown, LaTeX, icons, formulas, markup of Typst and of
templates, controls of writing direction, and lengths. What it aims at stands beside each.
"""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl

EVIL = "evil.example"
WORDS = (
    # what runs, fetches or leads away: HTML, images, links, addresses that become links by themselves
    f"<img src=x onerror=zzhit(1)>![zzimage](http://{EVIL}/p.png)",
    "[zzlink](javascript:zzhit(2)) **zzbold** `zzcode`",
    f"<script>zzhit(3)</script></style> www.{EVIL} https://{EVIL}/b zz@{EVIL} <http://{EVIL}/c>",
    ":material/zzicon: :red[zzred] :smile: :streamlit: $zzmath_1$ ~~zzgone~~ _zzslant_",
    "<a href='javascript:zzhit(4)'>zzanchor</a><b>zzstrong</b><br>zz",
    # formulas of spreadsheets
    f'=HYPERLINK("http://{EVIL}","zz")',
    "+zz|' /C calc'!A0",
    "@SUM(zz)",
    "-2+3+zz",
    "\t=zz",
    # beginnings of a line
    "# zzhead",
    "- zzitem",
    "1. zznumber",
    "> zzquote",
    "\u202ezzrtl\u202c \u200ezz",
    # templates: Python, Jinja, JavaScript, Typst
    "%s {0} {zz} {{ zz }} {% zz %} ${zz}",
    '#image("/etc/passwd") #zz[x] #eval("zz") */ zz',
    '"><b onmouseover=zzhit(5)>zz</b>',
    "'; DROP TABLE access_user; -- zz",
    "zz\u0007\u001b[31m\u0085zz",  # controls that a terminal reads
    "&lt;img src=x onerror=zzhit(6)&gt; &#60;zz",
    "Я" * 500 + "zz",
)
LITERAL = {
    "zzimage": "![zzimage](http", "zzlink": "[zzlink](java", "zzbold": "**zzbold**", "zzcode": "`zzcode`",
    "zzicon": ":material/zzicon:", "zzred": ":red[zzred]", "zzmath": "$zzmath_1$", "zzgone": "~~zzgone~~",
    "zzslant": "_zzslant_", "zzanchor": "'>zzanchor</a><b>zzstrong</b>", "zzhead": "# zzhead", "zzitem": "- zzitem",
    "zznumber": "1. zznumber", "zzquote": "> zzquote",
}  # fmt: skip
"""Word → what stands around it wherever it is shown as it is; without the frame somebody read it as markup."""
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
