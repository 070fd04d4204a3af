"""Files of any known source: recognised, turned into a bundle, loaded; then what they tell and what changed."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from etl.coverage import coverage
from etl.differences import differences, not_received
from etl.job import Progress, load_bundle
from etl.run_log import LoadReport
from etl.settings import Settings
from etl.sources.answers import read_answers
from etl.sources.keys import installation_secret
from etl.sources.registry import Recognition, recognise
from etl.warehouse.engine import owner_connection


@dataclass
class Loaded:
    """A load with what it was recognised as, the answer for each rule, and differences to the snapshot of `since`."""

    recognition: Recognition
    report: LoadReport
    judged: dict[str, str]
    since: datetime | None = None
    differences: list[str] = field(default_factory=list)
    not_received: list[str] = field(default_factory=list)


def load_files(
    paths: Sequence[Path],
    url: str,
    settings: Settings,
    *,
    given: Mapping[str, Any] | None = None,
    answers_file: Path | None = None,
    progress: Progress | None = None,
) -> Loaded:
    """Load the files of one moment; the first decides what they are. Raises SourceError and SettingsError."""
    told = progress or Progress()
    source, recognition = recognise(paths[0])
    answers = replace(
        read_answers(paths[0], given, answers_file),
        beside=tuple(paths[1:]),
        secret=installation_secret(settings.home),
    )
    made = settings.home / "made"
    made.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=made) as scratch:
        bundle = source.open(recognition, answers, Path(scratch), told.step)
        report = load_bundle(
            paths[0],
            url,
            settings.home,
            regulations=settings.regulations,
            progress=told,
            bundle=bundle,
        )
    loaded = Loaded(
        recognition,
        report,
        coverage(bundle.files, bundle.manifest.capabilities, recognition.moments),
    )
    if not report.is_repeat and bundle.manifest.mode == "snapshot":
        with owner_connection(url) as connection:
            loaded.since, loaded.differences = differences(connection, report.load_id)
            loaded.not_received = not_received(connection, report.load_id)
    return loaded
