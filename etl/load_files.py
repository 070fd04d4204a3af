"""Files of any known source: recognised, turned into a bundle, loaded; then what they tell and what changed."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg

from etl.coverage import coverage
from etl.differences import Difference, differences, not_received, sheet_counts
from etl.job import Permit, Progress, load_bundles, reports_of
from etl.known_files import loaded_before
from etl.raw_store import keep
from etl.recall import recall
from etl.run_log import LoadReport, combined
from etl.settings import Settings
from etl.sources.answers import Answers, answers_of, read_answers
from etl.sources.keys import installation_secret
from etl.sources.registry import Recognition, recognise
from etl.stored_answers import with_stored

BUNDLE = "bundle"
"""The source whose files say everything themselves."""
AGAIN = "the same files were loaded before with other answers: taken as the same state, a second later"


@dataclass
class Loaded:
    """A load with what it was recognised as, the answer for each rule, and differences to the snapshot of `since`."""

    recognition: Recognition
    judged: dict[str, str]
    reports: list[LoadReport] = field(default_factory=list)
    """one per bundle that the files made: journals that carry other columns are bundles of their own"""
    since: datetime | None = None
    counts: list[Difference] = field(default_factory=list)
    not_received: list[str] = field(default_factory=list)
    """journals by class and subject"""
    sheets: tuple[int, int] = (0, 0)
    """journals that were received and that any export of the school year ever held; (0, 0): the source names none"""

    @property
    def report(self) -> LoadReport:
        """All bundles as one."""
        return combined(self.reports)

    @property
    def differences(self) -> list[str]:
        """One sentence per kind of difference to the snapshot of `since`; nothing for the first snapshot."""
        return [] if self.since is None else [str(each) for each in self.counts] or ["nothing differs"]


def load_files(
    paths: Sequence[Path],
    url: str,
    settings: Settings,
    *,
    given: Mapping[str, Any] | None = None,
    answers_file: Path | None = None,
    progress: Progress | None = None,
    rehearse: bool = False,
    is_replay: bool = False,
    permit: Permit | None = None,
) -> Loaded:
    """Load the files of one moment; the first decides what they are. Raises SourceError and SettingsError.

    The files are kept encrypted (`raw_store`), but for bundles and an `is_replay` of kept ones. `rehearse` tells what a
    load would do and takes it back; `permit` may refuse the schools that the files name.
    """
    told = progress or Progress()
    source, recognition = recognise(paths[0])
    stated = with_stored(read_answers(paths[0], given, answers_file), url) if source.name != BUNDLE else Answers()
    answers = replace(
        stated,
        beside=tuple(paths[1:]),
        secret=installation_secret(settings.home),
        recall=recall(url),
    )
    before = (
        None
        if source.name == BUNDLE or is_replay or not answers.school_key
        else loaded_before(
            settings,
            url,
            paths,
            source=source.name,
            school_key=answers.school_key,
            given=given or {},
            answers_file=answers_of(paths[0], answers_file),
        )
    )
    is_again = before is not None and not before.has_same_answers and answers.extracted_at is None
    if before and is_again:
        answers = replace(answers, extracted_at=before.next_moment)
    made = settings.home / "made"
    made.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=made) as scratch:
        bundle = source.open(recognition, answers, Path(scratch), told.step)
        if is_again:
            bundle.warnings.append(AGAIN)
        loaded = Loaded(
            recognition, coverage(bundle.files, bundle.manifest.capabilities, recognition.moments, recognition.untold)
        )

        def look(connection: psycopg.Connection[Any], reports: list[LoadReport]) -> None:
            new = [report.load_id for report in reports if not report.is_repeat]
            if new and bundle.manifest.mode == "snapshot":
                loaded.since, loaded.counts = differences(connection, new)
                loaded.not_received = not_received(connection, new)
                loaded.sheets = sheet_counts(connection, new)

        if before and before.has_same_answers:
            loaded.reports = reports_of(url, before.load_ids, answers.school_key, permit)
            return loaded
        loaded.reports = load_bundles(
            [bundle, *bundle.further],
            url,
            settings.home,
            regulations=settings.regulations,
            progress=told,
            look=look,
            rehearse=rehearse,
            permit=permit,
        )
    if not (rehearse or is_replay or source.name == BUNDLE or loaded.report.is_repeat):
        keep(
            settings,
            paths,
            source=source.name,
            extracted_at=bundle.manifest.extracted_at,
            load_ids=[each.load_id for each in loaded.reports],
            given=given or {},
            answers_file=answers_of(paths[0], answers_file),
        )
    return loaded
