from pathlib import Path

import pytest

from etl.errors import SettingsError, SourceError
from etl.sources.answers import read_answers
from etl.sources.registry import recognise, sources


def test_a_bundle_is_recognised_by_its_manifest_and_not_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text("{}")
    source, recognition = recognise(tmp_path)
    assert (source.name, recognition.path) == ("bundle", tmp_path)


def test_what_no_source_knows_is_refused_with_the_names_of_all_that_are_known(tmp_path: Path) -> None:
    file = tmp_path / "photo.zip"
    file.write_bytes(b"no zip at all")
    with pytest.raises(SourceError) as refused:
        recognise(file)
    assert all(source.title in refused.value.message for source in sources())


def test_answers_given_as_options_win_over_those_of_the_toml_beside_the_files(tmp_path: Path) -> None:
    (tmp_path / "zavuch.toml").write_text(
        'school_key = "s1"\nschool_name = "School"\ntimezone = "Europe/Moscow"\nextracted_at = 2018-11-12T07:00:00\n'
        "holidays = [[2018-10-29, 2018-11-05], 2019-02-25]\n[[periods]]\nkind = 'trimester'\nnumber = 1\n"
        "starts_on = 2018-09-01\nends_on = 2018-11-30\ngrade_to = 9\n",
        encoding="utf-8",
    )
    answers = read_answers(tmp_path / "journals.zip", {"school_name": "School 7", "municipality": ""})
    assert (answers.school_key, answers.school_name) == ("s1", "School 7")
    assert str(answers.extracted_at) == "2018-11-12 07:00:00+03:00"
    assert [str(day) for range_ in answers.holidays for day in range_] == [
        "2018-10-29",
        "2018-11-05",
        "2019-02-25",
        "2019-02-25",
    ]
    assert (answers.periods[0].grade_from, answers.periods[0].grade_to) == (1, 9)
    with pytest.raises(SettingsError, match="municipality"):
        answers.need("municipality", "Королёв")


@pytest.mark.parametrize(
    ("text", "told"),
    [("scool = 'x'", "scool"), ("timezone = 'Moskva'", "Moskva"), ("holidays = ['x']", "x"), ("[", "TOML")],
)
def test_a_wrong_answer_is_named(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "zavuch.toml").write_text(text)
    with pytest.raises(SettingsError) as refused:
        read_answers(tmp_path)
    assert told in str(refused.value)
