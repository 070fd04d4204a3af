"""Words as Markdown shows them, and the net under the pages; what a browser makes of them is in
`tests/browser/test_hostile.py`."""

from __future__ import annotations

import re

import pytest
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from dashboard.literal import JOINER, disarmed, plain
from dashboard.outgoing import disarmed_message
from tests.hostile import EVIL, WORDS

ORDINARY = (
    "Орлова Мария Петровна",
    "5.А",
    "СОШ № 101 (корпус 2)",
    "10:30–11:15",
    "Иванова-Петрова О. М.",
    "+7",
    "85,3 %",
)
LINK = re.compile(r"(?<!\\)\]\((?!/|#)|https?://|www\.|\w@\w|(?<!\\)!\[", re.IGNORECASE)


@pytest.mark.parametrize("words", ORDINARY)
def test_ordinary_words_are_not_touched(words: str) -> None:
    assert plain(words).replace("\\", "") == words
    assert disarmed(words) == words


@pytest.mark.parametrize("words", WORDS)
def test_hostile_words_lose_what_markdown_reads_and_nothing_that_is_seen(words: str) -> None:
    shown = plain(words)
    seen = re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", shown).replace(JOINER, "")
    assert seen == re.sub("[\u202a-\u202e]", "", words).strip(" \t")
    assert not LINK.search(shown)
    assert not re.search(r"(?<!\\)[`*_<>$~\[\]]", shown)
    assert not re.search(r":(?:material|red|smile|streamlit|[+-]1)", shown)
    assert not re.match(r"[#+-]|\d+[.)]", shown)


@pytest.mark.parametrize("words", WORDS)
def test_what_was_not_wrapped_leads_nowhere_all_the_same(words: str) -> None:
    safe = disarmed(f"**{words}** {words}")
    assert not LINK.search(safe)
    assert not re.search(r"(?<!\\)\$|<[A-Za-z!/?]", safe)
    assert disarmed(safe) == safe
    assert safe.replace(JOINER, "").replace("\\$", "$").replace("\\\\", "\\") == f"**{words}** {words}".replace(
        "\\\\", "\\"
    )


def test_our_own_markdown_passes_the_net() -> None:
    ours = (
        "**Итог** — [Журнал](/journal?lesson=1) :red-badge[:material/close: не внесено: 3]\n- [раздел](#part)\n> слова"
    )
    assert disarmed(ours) == ours


def test_links_that_only_look_like_ours_do_not_pass() -> None:
    for target in ("//evil.example", "/\\evil.example", "javascript:alert(1)", "data:text/html,x", "evil"):
        assert f"]{JOINER}(" in disarmed(f"[x]({target})"), target


def _message(**words: str) -> ForwardMsg:
    message = ForwardMsg()
    for name, body in words.items():
        element = getattr(message.delta.new_element, name)
        setattr(element, "label" if name == "button" else "body", body)
    return message


def test_a_message_is_disarmed_on_the_way_out_and_styles_and_texts_are_left_alone() -> None:
    hostile = f"![x](http://{EVIL}/p.png) [y](javascript:zz) <img src=x>"
    for name in ("markdown", "button", "alert", "heading"):
        found = ForwardMsg.FromString(disarmed_message(_message(**{name: hostile}).SerializeToString()))
        part = getattr(found.delta.new_element, name)
        assert not LINK.search(part.label if name == "button" else part.body), name
    for name in ("html", "text"):
        data = _message(**{name: f"<style>a > b</style> {hostile}"}).SerializeToString()
        assert disarmed_message(data) == data, name
    tab = ForwardMsg()
    tab.delta.add_block.tab.label = hostile
    assert not LINK.search(ForwardMsg.FromString(disarmed_message(tab.SerializeToString())).delta.add_block.tab.label)
    assert disarmed_message(b"\xff\xffno message") == b"\xff\xffno message"
