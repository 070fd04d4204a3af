"""The pages of a run: what is in them, and that a browser fetches nothing from elsewhere."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from checks.catalogue import read_catalogue
from checks.data_docs import MARKER, closed, make_room, write_data_docs
from checks.runner import run_checks
from etl.errors import SettingsError
from tests.hostile import WORDS

_PAGES = 2  # the index and one school


def test_the_site_holds_sums_of_schools_and_no_outside_address(database, sql, tmp_path: Path) -> None:
    report = run_checks(database)
    folder = tmp_path / "site"
    assert write_data_docs(folder, report, read_catalogue()) == _PAGES
    (page,) = folder.rglob("school_*.html")
    text = page.read_text(encoding="utf-8")
    row = next(row for row in report.rows if row.check_id == "topic")
    assert row.title in text and "не выполнено" in text
    assert page.relative_to(folder).as_posix() in (folder / "index.html").read_text(encoding="utf-8")
    names = {name for (name,) in sql.execute("SELECT split_part(full_name, ' ', 1) FROM dim_pupil_name").fetchall()}
    for path in [*folder.rglob("*.html"), *folder.rglob("*.css")]:
        content = path.read_text(encoding="utf-8")
        assert not re.search(r"(?:src|href)\s*=\s*[\"']?(?:https?:)?//|url\(\s*[\"']?(?:https?:)?//", content), path
        assert "<script" not in content
        assert not {name for name in names if re.search(rf"\b{name}\b", content)}
    hostile = " ".join(WORDS)
    named = replace(report, rows=tuple(replace(row, school=hostile) for row in report.rows))
    write_data_docs(folder, named, read_catalogue())  # our own site is written anew
    for path in folder.rglob("*.html"):
        content = path.read_text(encoding="utf-8")
        assert "zzimage" in content
        assert not re.search(r"<[^>]*(?:onerror|onmouseover|href=.?javascript|zz)|<script", content), path


def test_a_folder_with_other_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("мой труд", encoding="utf-8")
    with pytest.raises(SettingsError, match="did not write"):
        make_room(tmp_path)
    assert (tmp_path / "thesis.txt").exists()
    (tmp_path / MARKER).touch()
    make_room(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_scripts_pictures_and_offers_of_other_hosts_are_cut_out() -> None:
    page = (
        '<head><link rel="stylesheet" href="https://a.example/x.css"><script src="//b.example/x.js"></script></head>'
        '<a href="https://c.example/">слова</a><img src="https://d.example/x.png"><a href="index.html">свои</a>'
    )
    assert ".example" not in closed(page)
    assert "слова" in closed(page) and 'href="index.html"' in closed(page)
