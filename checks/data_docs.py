"""Great Expectations' Data Docs of a run: a page per school, a line per expectation, counts and verdicts alone.

The results are those that `check_result` keeps: sums of a school, no lesson, no person. Great Expectations' pages fetch
styles and scripts from ten outside hosts; these references are cut out and a style of our own is put in, so a reader's
browser asks nobody. What is lost with them: sorting, folding and filtering inside a page.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Sequence
from html import escape
from itertools import groupby
from pathlib import Path
from typing import Any

from checks.catalogue import Expectation
from checks.judge import GRADES
from checks.report import CheckReport, ResultRow
from checks.words import FOLDER, Texts, number
from etl.errors import SettingsError

SITE = "zavuch"
MARKER = "zavuch-data-docs"
"""A file of this name says that the folder was written by us and may be written anew."""
_TEXTS = Texts(FOLDER)
_NO_MARKUP = str.maketrans({"<": "‹", ">": "›", "&": "+", '"': "”", "'": "’", "$": "\uff04", "`": "’"})
"""Great Expectations puts names unescaped into its breadcrumbs and takes `$` for a placeholder."""
_OUTSIDE = re.compile(
    r"<script[^>]*\bsrc=[\"']?(?:https?:)?//[^>]*>\s*</script>|<link[^>]*\bhref=[\"']?(?:https?:)?//[^>]*>"
    r"|<img[^>]*\bsrc=[\"']?(?:https?:)?//[^>]*>|<iframe.*?</iframe>|@import[^;]*;|@font-face\s*{[^}]*}",
    re.IGNORECASE | re.DOTALL,
)
_SCRIPT = re.compile(r"<script\b.*?</script>", re.IGNORECASE | re.DOTALL)
_OFFERS = re.compile(r"<a\b[^>]*\bhref=[\"']?https?://[^>]*>(.*?)</a>", re.IGNORECASE | re.DOTALL)
_DEAD = re.compile(r"<a\b[^>]*\bhref=[\"'][^\"']*expectations/[^>]*>(.*?)</a>", re.IGNORECASE | re.DOTALL)
_URL = re.compile(r"url\(\s*[\"']?(?:https?:)?//[^)]*\)", re.IGNORECASE)
_STYLE = """<style>
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 1100px; padding: 16px; }
table { border-collapse: collapse; width: 100%; margin: 12px 0; }
td, th { border: 1px solid #8886; padding: 6px 10px; text-align: left; vertical-align: top; }
ul { padding-left: 20px; }
.modal, .navbar-toggler, .cooltip, [class*=walkthrough], footer, button, form { display: none; }
</style></head>"""


def write_data_docs(folder: Path, report: CheckReport, catalogue: Sequence[Expectation]) -> int:
    """Write the site into the folder, in place of the one that was there; returns the number of HTML pages.

    Raises SettingsError where the folder holds something else: nothing of it is deleted.
    """
    make_room(folder)
    context = _context(folder)
    expectations = {one.check_id: one for one in catalogue}
    for school, rows in groupby(report.rows, key=lambda row: (row.school_id, row.school)):
        _remember(context, report, school, list(rows), expectations)
    context.build_data_docs(site_names=[SITE])
    (folder / MARKER).write_text(f"{report.run_id}\n", encoding="utf-8")
    shutil.rmtree(folder / "static" / "fonts", ignore_errors=True)  # nothing refers to them any more
    for moving in folder.glob("static/images/*.gif"):
        moving.unlink()  # pictures of the walk-through that is cut out
    pages = sorted([*folder.rglob("*.html"), *folder.rglob("*.css")])
    for page in pages:
        page.write_text(closed(page.read_text(encoding="utf-8")), encoding="utf-8")
    _list_pages(folder, {f"school_{row.school_id}": row.school for row in report.rows})
    return len(list(folder.rglob("*.html")))


def _list_pages(folder: Path, names: dict[str, str]) -> None:
    """The index draws its table by a script of a foreign host: a plain list of links stands in its place."""
    links = [
        f'<li><a href="{page.relative_to(folder).as_posix()}">{escape(names[page.stem])}</a></li>'
        for page in sorted(folder.rglob("school_*.html"), key=lambda page: names[page.stem])
    ]
    index = folder / "index.html"
    html = index.read_text(encoding="utf-8")
    index.write_text(html.replace("</body>", f"<ul>{''.join(links)}</ul></body>", 1), encoding="utf-8")


def closed(html: str) -> str:
    """The page without anything that a browser would fetch from elsewhere or send there."""
    inner = _SCRIPT.sub("", _OUTSIDE.sub("", html))
    inner = _DEAD.sub(r"\1", inner)
    inner = _URL.sub("none", inner)
    return _OFFERS.sub(r"\1", inner).replace("</head>", _STYLE, 1)


def make_room(folder: Path) -> None:
    """An empty folder, or the site that we wrote there before gone; SettingsError for anything else."""
    if folder.exists() and not folder.is_dir():
        raise SettingsError(f"{folder} is a file.", advice="Name a folder for --data-docs.")
    if folder.exists() and any(folder.iterdir()):
        if not (folder / MARKER).exists():
            raise SettingsError(
                f"{folder} holds files that this command did not write.",
                advice="Name an empty or a new folder for --data-docs.",
            )
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)


def _context(folder: Path) -> Any:
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    for name in list(context.get_site_names()):
        context.delete_data_docs_site(name)
    site: Any = {
        "class_name": "SiteBuilder",
        "show_how_to_buttons": False,  # a key that the published type lacks and the builder knows
        "store_backend": {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(folder.resolve())},
        "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
    }
    context.add_data_docs_site(SITE, site)
    return context


def _remember(
    context: Any,
    report: CheckReport,
    school: tuple[int, str],
    rows: Sequence[ResultRow],
    expectations: dict[str, Expectation],
) -> None:
    """Put one school's results into Great Expectations' own store, from which it draws the pages."""
    from great_expectations.core import ExpectationSuiteValidationResult, RunIdentifier
    from great_expectations.data_context.types.resource_identifiers import (
        ExpectationSuiteIdentifier,
        ValidationResultIdentifier,
    )

    school_id, name = school[0], school[1].translate(_NO_MARKUP)
    suite = f"school_{school_id}"
    results = list(_results(rows, expectations))
    met = sum(result.success for result in results)
    outcome = ExpectationSuiteValidationResult(
        success=met == len(results),
        results=results,
        suite_name=name,
        statistics={
            "evaluated_expectations": len(results),
            "successful_expectations": met,
            "unsuccessful_expectations": len(results) - met,
            "success_percent": 100 * met / len(results) if results else None,
        },
        meta={
            "run_id": RunIdentifier(run_name=f"run {report.run_id}", run_time=report.finished_at),
            "active_batch_definition": {"data_asset_name": name},
        },
    )
    key = ValidationResultIdentifier(
        expectation_suite_identifier=ExpectationSuiteIdentifier(suite),
        run_id=RunIdentifier(run_name=f"run_{report.run_id}", run_time=report.finished_at),
        batch_identifier=suite,
    )
    context.validation_results_store.set(key, outcome)


def _results(rows: Sequence[ResultRow], expectations: dict[str, Expectation]) -> Iterator[Any]:
    from great_expectations.core import ExpectationValidationResult
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
    from great_expectations.expectations.metadata_types import FailureSeverity

    for row in rows:
        if row.verdict == "not_regulated":
            continue
        one = expectations[row.check_id]
        verdict = _TEXTS.t(f"verdict.{row.verdict}")
        words = _TEXTS.t(
            "data_docs.line", title=one.title, verdict=verdict, violated=number(row.violated),
            applicable=number(row.applicable), unknown=number(row.unknown), norm=f"{row.norm:.0%}",
        )  # fmt: skip
        yield ExpectationValidationResult(
            success=row.verdict == "met",
            expectation_config=ExpectationConfiguration(
                type="expect_journal_rule",
                kwargs={
                    "check_id": row.check_id, "applies_when": one.applies_when, "violated_when": one.violated_when,
                    "unknown_when": one.unknown_when, "mostly": row.norm,
                },
                description=words,
                severity=FailureSeverity(GRADES[row.severity]),
            ),
            result={
                "element_count": row.applicable, "unexpected_count": row.violated, "unknown_count": row.unknown,
                "unexpected_percent": 100 * row.violated / row.applicable if row.applicable else 0.0,
                "observed_value": verdict if row.share is None else row.share,
            },
            exception_info={"raised_exception": False, "exception_message": None, "exception_traceback": None},
        )  # fmt: skip
