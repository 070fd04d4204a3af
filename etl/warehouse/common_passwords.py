"""Passwords everybody tries first, as a set that is made and not copied: words, names of keys, and what people put
behind them.

Sources of the words: our own list of what Russian schools and their programs are likely to use. Pure.
"""

from __future__ import annotations

from functools import lru_cache

_LATIN_KEYS = "qwertyuiop[]asdfghjkl;'zxcvbnm,./`"
_RUSSIAN_KEYS = "йцукенгшщзхъфывапролджэячсмитьбю.ё"
_TO_LATIN = str.maketrans(_RUSSIAN_KEYS, _LATIN_KEYS)
_TO_RUSSIAN = str.maketrans(_LATIN_KEYS, _RUSSIAN_KEYS)
# what people write for letters
_LEET = str.maketrans("013457@$!", "oieastasi")
_ENDS = "0123456789!?.,*+-_#@$%&=()/ "

_LISTED = """
password passwort passw0rd pass parol admin administrator root user guest test demo default changeme letmein welcome
login secret master super system service iloveyou monkey dragon football baseball princess sunshine shadow superman
batman trustno hello freedom whatever computer internet windows linux office server database postgres oracle zavuch
zavuchdemo demozavuch direktor director uchitel teacher klass school shkola gimnaziya licey liceum journal jurnal
zhurnal dnevnik elektronny otmetka ocenka urok uroki kabinet metodist inspector inspektor sekretar rossiya russia
moskva moscow korolev krasnodar spartak zenit lokomotiv dinamo natasha svetlana marina tatyana elena irina olga anna
maria nastya masha katya dasha alexander aleksandr sergey andrey dmitry maxim vladimir nikita ivan ivanov ivanova
petrov petrova sidorov kotik solnce solnyshko lubov lyubov zvezda privet poka druzhba mama papa babushka vesna leto
osen zima пароль парольпароль админ администратор директор завуч учитель учительница школа гимназия лицей класс
журнал дневник электронныйжурнал отметка оценка урок уроки кабинет методист инспектор секретарь россия москва
королев краснодар любовь солнце солнышко звезда привет пока дружба мама папа бабушка весна лето осень зима наташа
светлана марина татьяна елена ирина ольга анна мария настя маша катя даша александр сергей андрей дмитрий максим
владимир никита иван иванов иванова петров петрова сидоров спартак зенит локомотив динамо
"""
_RUNS = (
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "qwertyuiopasdfghjklzxcvbnm",
    "qazwsxedcrfvtgbyhnujmikolp",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik",
    "1q2w3e4r5t6y7u8i9o0p",
    "q1w2e3r4t5y6u7i8o9p0",
    "01234567890123456789",
    "1234567890qwertyuiop",
    "09876543210987654321",
    "abcdefghijklmnopqrstuvwxyz",
    "йцукенгшщзхъ",
    "фывапролджэ",
    "ячсмитьбю",
    "йцукенгшщзхъфывапролджэячсмитьбю",
    "абвгдеёжзийклмнопрстуфхцчшщъыьэюя",
)
SHORTEST_RUN = 4


@lru_cache(maxsize=1)
def common_words() -> frozenset[str]:
    """Words and keyboard runs, each also as it comes out with the other keyboard layout on, and doubled; lower case."""
    found = set(_LISTED.split())
    for run in _RUNS:
        found |= {run[:end] for end in range(SHORTEST_RUN, len(run) + 1)}
        found |= {run[start:] for start in range(1, len(run) - SHORTEST_RUN + 1)}
        found |= {run[::-1][:end] for end in range(SHORTEST_RUN, len(run) + 1)}
    found |= {word.translate(_TO_LATIN) for word in found} | {word.translate(_TO_RUSSIAN) for word in found}
    found |= {word + word for word in found}
    return frozenset(found)


def is_common(password: str) -> bool:
    """Whether a password is a common word or run, perhaps with digits and signs around it, letters written as digits,
    the other keyboard layout, or one piece of up to four characters over and over.
    """
    low = password.casefold()
    bare = {low, low.strip(_ENDS), low.translate(_LEET).strip(_ENDS), low.strip(_ENDS).translate(_LEET)}
    bare |= {"".join(sign for sign in word if sign not in _ENDS) for word in tuple(bare)}
    return any(not word or word in common_words() for word in bare) or _repeats(low)


def _repeats(word: str) -> bool:
    return any(word == (word[:size] * len(word))[: len(word)] for size in range(1, 5))
