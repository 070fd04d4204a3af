"""Short texts: lesson topics and homework, as vocabularies that the generator points into by number."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from typing import Final

import polars as pl

from etl.sources.demo.subjects import SUBJECTS

_THEMES: Final[dict[str, list[str]]] = tomllib.loads(
    files("etl.sources.demo").joinpath("topics.toml").read_text(encoding="utf-8")
)["themes"]
_FORMS: Final = ("{}", "{}. Закрепление", "{}. Самостоятельная работа в парах", "Повторение: {}")
_WORK_FORM: Final = "Контрольная работа по теме «{}»"
EMPTY_TOPIC: Final = "-"  # what a teacher in a hurry types: fulfils no rule
NO_HOMEWORK: Final = "нет"

_theme_lists: Final = [_THEMES.get(subject.name, _THEMES["common"]) for subject in SUBJECTS]
THEME_COUNT: Final = [len(themes) for themes in _theme_lists]
FORMS_PER_THEME: Final = len(_FORMS) + 1  # the last form is that of a written work
TOPIC_OFFSET: Final = [sum(THEME_COUNT[:index]) * FORMS_PER_THEME for index in range(len(SUBJECTS))]
TOPICS: Final = pl.Series(
    [form.format(theme) for themes in _theme_lists for theme in themes for form in (*_FORMS, _WORK_FORM)]
)


def _homework(style: str) -> list[str]:
    numbers = range(3, 63)
    if style == "exercise":
        return [f"§ {n}, упр. {n * 4 + 1}" for n in numbers] + [f"выучить правило на стр. {n}" for n in numbers]
    if style == "numbers":
        return [f"стр. {n * 2}, № {n * 5}, {n * 5 + 2}" for n in numbers] + [
            f"§ {n}, № {n * 7}–{n * 7 + 3}" for n in numbers
        ]
    if style == "english":
        return [f"учебник, стр. {n}, упр. {n % 7 + 1}" for n in numbers] + [
            f"слова раздела {n % 12 + 1}" for n in numbers
        ]
    if style == "reading":
        return [f"§ {n}, вопросы 1–{n % 4 + 2}" for n in numbers] + [f"прочитать стр. {n}–{n + 5}" for n in numbers]
    return [
        "принести материалы к работе",
        "подготовить сообщение",
        "закончить работу",
        "комплекс упражнений № 2",
    ] * 30


_STYLES: Final = ("exercise", "numbers", "english", "reading", "none")
HOMEWORK_PER_STYLE: Final = 120
HOMEWORK: Final = pl.Series([text for style in _STYLES for text in _homework(style)])
STYLE_OFFSET: Final = [_STYLES.index(subject.style) * HOMEWORK_PER_STYLE for subject in SUBJECTS]
