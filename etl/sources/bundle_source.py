"""A journal bundle as a source: it needs no answers and is read where it lies."""

from __future__ import annotations

import zipfile
from pathlib import Path, PurePosixPath

from etl.sources.answers import Answers
from etl.sources.bundle import DAMAGE, Bundle, open_bundle
from etl.sources.registry import Recognition, Told


class BundleSource:
    """Folder or zip with a `manifest.json`."""

    name = "bundle"
    title = "a journal bundle"

    def recognise(self, path: Path) -> Recognition | None:
        return Recognition(self.name, self.title, path) if _has_manifest(path) else None

    def open(self, recognition: Recognition, answers: Answers, scratch: Path, told: Told) -> Bundle:
        return open_bundle(recognition.path)


def _has_manifest(path: Path) -> bool:
    if path.is_dir():
        return (path / "manifest.json").is_file()
    try:
        with zipfile.ZipFile(path) as archive:
            return any(PurePosixPath(name).name == "manifest.json" for name in archive.namelist())
    except DAMAGE:
        return False


SOURCE = BundleSource()
