"""Names that are nobody's: surnames, first names and patronymics combined at random.

The lists are in names.toml; a full name is «Фамилия Имя Отчество».
"""

from __future__ import annotations

import tomllib
from importlib.resources import files
from typing import Final

import numpy as np
import numpy.typing as npt

_LISTS: Final = {
    name: words.split()
    for name, words in tomllib.loads(
        files("etl.sources.demo").joinpath("names.toml").read_text(encoding="utf-8")
    ).items()
}
_BOYS: Final = np.array(_LISTS["boys"])
_GIRLS: Final = np.array(_LISTS["girls"])
_MAN: Final = {
    "last": [*_LISTS["surnames"], *_LISTS["surnames_adjective"], *_LISTS["surnames_unchanged"]],
    "father": [f"{stem}ич" for stem in _LISTS["fathers"]],
}
_WOMAN: Final = {
    "last": [
        *(f"{name}а" for name in _LISTS["surnames"]),
        *(f"{name[:-2]}ая" for name in _LISTS["surnames_adjective"]),
        *_LISTS["surnames_unchanged"],
    ],
    "father": [f"{stem}на" for stem in _LISTS["fathers"]],
}


def full_names(rng: np.random.Generator, female: npt.NDArray[np.bool_]) -> list[str]:
    """One full name for each element of `female`; namesakes are possible, as in life."""
    count = len(female)
    surname = rng.integers(0, len(_MAN["last"]), count)
    father = rng.integers(0, len(_MAN["father"]), count)
    girl = _GIRLS[rng.integers(0, len(_GIRLS), count)]
    boy = _BOYS[rng.integers(0, len(_BOYS), count)]
    first = np.where(female, girl, boy)
    last = np.where(female, np.array(_WOMAN["last"])[surname], np.array(_MAN["last"])[surname])
    patronymic = np.where(female, np.array(_WOMAN["father"])[father], np.array(_MAN["father"])[father])
    return [" ".join(parts) for parts in zip(last, first, patronymic, strict=True)]
