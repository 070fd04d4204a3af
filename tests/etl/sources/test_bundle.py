"""A bundle's frame: folder or zip, the manifest, and everything that cannot be a bundle refused with advice."""

from __future__ import annotations

import io
import json
import os
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from etl.errors import SourceError
from etl.sources.bundle import open_bundle, read_manifest
from tests.oracle.builder import BundleBuilder

MANIFEST: dict[str, Any] = {
    "format": "journal-bundle",
    "version": 1,
    "extracted_at": "2024-10-01T06:00:00+03:00",
    "mode": "snapshot",
    "capabilities": ["topics"],
}


def one_school() -> BundleBuilder:
    return BundleBuilder(MANIFEST["extracted_at"]).add("school", school_key="s1").add("school_class", class_key="c1")


def zip_of(folder: Path, target: Path, prefix: str = "") -> Path:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.iterdir()):
            archive.write(path, prefix + path.name)
    return target


def zip_with(target: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return target


def refusal(path: Path) -> SourceError:
    """The error of opening; every one must say what happened and what to do."""
    with pytest.raises(SourceError) as caught:
        open_bundle(path)
    assert caught.value.message
    assert caught.value.advice
    return caught.value


def manifest_with(**changes: Any) -> bytes:
    return json.dumps({**MANIFEST, **changes}).encode()


def test_a_folder_a_zip_of_it_and_a_zip_of_its_folder_are_the_same_bundle(tmp_path: Path) -> None:
    folder = one_school().write(tmp_path / "one")
    bundles = [
        open_bundle(path)
        for path in (
            folder,
            zip_of(folder, tmp_path / "a.zip"),
            zip_of(folder, tmp_path / "b.zip", prefix="Выгрузка/"),
        )
    ]
    assert len({bundle.content_hash for bundle in bundles}) == 1
    for bundle in bundles:
        assert bundle.files.keys() == {"school", "school_class"}
        with bundle.open_file("school") as stream:
            assert stream.read() == (folder / "school.csv").read_bytes()


def test_any_changed_byte_makes_another_bundle(tmp_path: Path) -> None:
    first = open_bundle(one_school().write(tmp_path / "one")).content_hash
    changed = one_school()
    changed.row("school_class", "c1")["letter"] = "В"
    assert open_bundle(changed.write(tmp_path / "two")).content_hash != first


def test_files_that_are_no_tables_are_named_and_left_alone(tmp_path: Path) -> None:
    folder = one_school().write(tmp_path / "one")
    (folder / "readme.txt").write_text("hello", encoding="utf-8")
    (folder / "teacher.csv").write_text("a,b\n", encoding="utf-8")
    (folder / "lesson.csv.bak").write_text("a,b\n", encoding="utf-8")
    bundle = open_bundle(folder)
    assert bundle.files.keys() == {"school", "school_class"}
    assert {warning.split(" ")[0] for warning in bundle.warnings} == {"readme.txt", "teacher.csv", "lesson.csv.bak"}


def test_a_path_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    assert "There is no" in refusal(tmp_path / "nowhere.zip").message


def test_a_folder_without_a_manifest_is_no_bundle(tmp_path: Path) -> None:
    assert "no manifest.json" in refusal(tmp_path).message


def test_required_tables_that_lack_are_named_together_with_those_that_are_there(tmp_path: Path) -> None:
    folder = one_school().write(tmp_path / "one")
    (folder / "school_class.csv").unlink()
    message = refusal(folder).message
    assert "required tables school_class" in message
    assert "it has school" in message


def test_a_delta_needs_the_school_table_only(tmp_path: Path) -> None:
    delta = BundleBuilder(MANIFEST["extracted_at"], mode="delta").add("school", school_key="s1")
    assert open_bundle(delta.write(tmp_path / "one")).manifest.mode == "delta"


def test_a_table_in_both_formats_is_refused(tmp_path: Path) -> None:
    folder = one_school().write(tmp_path / "one")
    (folder / "school.parquet").write_bytes(b"PAR1")
    assert "table school twice" in refusal(folder).message


def test_a_link_that_leads_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    folder = one_school().write(tmp_path / "one")
    (tmp_path / "secret.csv").write_text("school_key\n", encoding="utf-8")
    (folder / "pupil.csv").symlink_to(tmp_path / "secret.csv")
    assert "pupil.csv" in refusal(folder).message


def test_a_link_in_a_circle_is_refused_or_not_read(tmp_path: Path) -> None:
    folder = one_school().write(tmp_path / "one")
    (folder / "pupil.csv").symlink_to(folder / "pupil.csv")
    assert "pupil" not in open_bundle(folder).files


def test_a_link_inside_the_folder_and_a_linked_folder_are_read(tmp_path: Path) -> None:
    folder = one_school().write(tmp_path / "one")
    (folder / "school.csv").rename(folder / "data")
    (folder / "school.csv").symlink_to("data")
    (tmp_path / "link").symlink_to(folder)
    assert open_bundle(tmp_path / "link").files.keys() == {"school", "school_class"}


def test_a_pipe_in_the_folder_does_not_block(tmp_path: Path) -> None:
    folder = one_school().write(tmp_path / "one")
    os.mkfifo(folder / "pupil.csv")
    assert "pupil" not in open_bundle(folder).files


def damaged(change: Callable[[bytearray], None]) -> Callable[[bytes], bytes]:
    def apply(content: bytes) -> bytes:
        changed = bytearray(content)
        change(changed)
        return bytes(changed)

    return apply


def set_flag(content: bytearray, flag: int) -> None:
    """Set a bit in the flags of every member, in the local headers and in the directory."""
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = content.find(signature)
        while place >= 0:
            content[place + offset] |= flag
            place = content.find(signature, place + 4)


def set_method(content: bytearray, method: int) -> None:
    for signature, offset in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        place = content.find(signature)
        while place >= 0:
            content[place + offset : place + offset + 2] = struct.pack("<H", method)
            place = content.find(signature, place + 4)


def spoil_data(content: bytearray) -> None:
    name = content.find(b"school.csv")
    for place in range(name + 14, name + 40):
        content[place] ^= 0xFF


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda _: b"", "nor a readable zip"),
        (lambda _: os.urandom(5000), "nor a readable zip"),
        (lambda content: content[: len(content) // 2], "nor a readable zip"),
        (lambda content: content[:-30], "nor a readable zip"),
        (damaged(spoil_data), "is damaged"),
        (damaged(lambda content: set_flag(content, 1)), "is encrypted"),
        (damaged(lambda content: set_method(content, 9)), "is damaged"),
        (damaged(lambda content: set_method(content, 0)), "is damaged"),
    ],
    ids=["empty", "noise", "half", "tail lost", "changed bytes", "encrypted", "unknown method", "wrong method"],
)
def test_a_spoiled_zip_is_refused(tmp_path: Path, change: Callable[[bytes], bytes], said: str) -> None:
    whole = zip_of(one_school().write(tmp_path / "one"), tmp_path / "one.zip")
    spoiled = tmp_path / "spoiled.zip"
    spoiled.write_bytes(change(whole.read_bytes()))
    assert said in refusal(spoiled).message


@pytest.mark.parametrize("name", ["../school.csv", "/etc/school.csv", "a/../../b.csv", "..\\b.csv", "C:\\b.csv"])
def test_a_zip_with_a_path_that_leaves_it_is_refused(tmp_path: Path, name: str) -> None:
    members = {"manifest.json": manifest_with(), "school.csv": b"", "school_class.csv": b"", name: b"x"}
    message = refusal(zip_with(tmp_path / "a.zip", members)).message
    assert "path that leaves it" in message


def test_a_zip_that_holds_a_name_twice_is_refused(tmp_path: Path) -> None:
    target = tmp_path / "a.zip"
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("manifest.json", manifest_with())
        archive.writestr("school.csv", b"one")
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("school.csv", b"two")
    assert "'school.csv' twice" in refusal(target).message


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    target = tmp_path / "bomb.zip"
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.writestr("manifest.json", manifest_with())
        with archive.open("mark.csv", "w") as member:
            for _ in range(60):
                member.write(bytes(2**20))
    assert "would unpack" in refusal(target).message


def test_a_zip_that_lies_about_its_sizes_is_refused(tmp_path: Path) -> None:
    target = zip_with(
        tmp_path / "a.zip", {"manifest.json": manifest_with(), "school.csv": bytes(10**6), "school_class.csv": b""}
    )
    content = bytearray(target.read_bytes())
    place = content.find(b"PK\x01\x02", content.find(b"PK\x01\x02") + 4)  # the directory's second entry
    content[place + 24 : place + 28] = struct.pack("<I", 10)
    target.write_bytes(bytes(content))
    assert "is damaged" in refusal(target).message


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        ("{}".encode("utf-16"), "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b'{"format": "\\ud800"}', "not JSON"),
        (b"[]", "says []"),
        (b'{"format": "journal-bundle", "version": 2}', "'version': 2"),
        (manifest_with(mode="full"), "mode is 'full'"),
        (manifest_with(mode=None), "mode is None"),
        (manifest_with(mode=["snapshot"]), "mode is"),
        (manifest_with(extracted_at=None), "extracted_at is None"),
        (manifest_with(extracted_at="вчера"), "'вчера'"),
        (manifest_with(extracted_at="2024-10-01T06:00:00"), "has no offset"),
        (manifest_with(extracted_at="2024-10-01"), "has no offset"),
        (manifest_with(extracted_at="0001-01-01T00:00:00+14:00"), "no time of an export"),
        (manifest_with(extracted_at="9999-12-31T23:59:59-14:00"), "no time of an export"),
        (manifest_with(source_system="a\0b"), "zero character"),
        (manifest_with(capabilities="topics"), "capabilities has 'topics'"),
        (manifest_with(capabilities=["topic"]), "'topic'"),
        (manifest_with(capabilities=[["topics"]]), "capabilities has"),
        (manifest_with(scope={}), "scope is not a list"),
        (manifest_with(scope=["s1"]), "scope is not a list"),
        (manifest_with(scope=[{"klass": "7Б"}]), "'klass'"),
        (manifest_with(scope=[{"school_year": "2024"}]), "school_year '2024'"),
    ],
)
def test_a_manifest_that_cannot_be_used_names_the_field_and_its_value(content: bytes, said: str) -> None:
    with pytest.raises(SourceError) as caught:
        read_manifest(content)
    assert said in caught.value.message
    assert caught.value.advice


def test_a_manifest_may_begin_with_a_bom_and_lack_what_is_optional() -> None:
    text = '{"format": "journal-bundle", "version": 1, "extracted_at": "2024-10-01T06:00:00.9+03:00"}'
    manifest = read_manifest(text.encode("utf-8-sig"))
    assert (manifest.mode, manifest.capabilities, manifest.scope) == ("snapshot", frozenset(), None)
    assert manifest.extracted_at.isoformat() == "2024-10-01T03:00:00+00:00"
    assert manifest.extracted_text == "2024-10-01T06:00:00.9+03:00"


def test_blanks_in_a_scope_mean_all() -> None:
    manifest = read_manifest(manifest_with(scope=[{"school_key": "s1", "class_key": "", "group_key": None}]))
    assert manifest.scope == (
        {"school_key": "s1", "school_year": None, "class_key": None, "group_key": None, "subject_key": None},
    )


def test_a_zip_may_be_read_many_times(tmp_path: Path) -> None:
    bundle = open_bundle(zip_of(one_school().write(tmp_path / "one"), tmp_path / "one.zip"))
    for _ in range(2):
        with bundle.open_file("school") as stream:
            assert io.TextIOWrapper(stream, encoding="utf-8").readline().startswith("school_key")
