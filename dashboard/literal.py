"""Words of people and of sources as Markdown shows them: letter by letter, and no link, image, icon or formula of them.

Measured with Streamlit 1.67: a backslash keeps a sign from the parser of Markdown, but links (`http://`, `www.`,
`a@b`), icons (`:material/home:`, `:smile:`), coloured words (`:red[x]`) and arrows (`->`) are looked for once more in
the finished text, where the backslash is gone. Those are taken apart by a word joiner, which has no width and breaks
no line.

`plain` is for every word that did not come from our own texts; `disarmed` is the net under it, for what leaves the
server (`outgoing`): it keeps our own bold words and lists and lets no address through but our own pages.
"""

from __future__ import annotations

import re

JOINER = "\u2060"
_SIGNS = re.compile(r"[\\`*_\[\]<>$~&|]")
# what begins a heading, a list, a rule, a container or underlines a heading stands at the beginning of a line
_LINE_START = re.compile(r"^(?:[#+=-]|:{2,})")
_NUMBERED = re.compile(r"^(\d{1,9})([.)])")
# embeddings, overrides and isolates: one that is not closed would turn round the rest of our own sentence
_TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")
_BREAK = re.compile(r"\r\n|[\r\n]")
_EDGES = re.compile(r"^[ \t]+|[ \t]+$")
_SCHEME = re.compile(r"(?<=[A-Za-z])(?=://)")
_WWW = re.compile(r"(?<=[wW]{3})(?=\.)")
_MAIL = re.compile(r"(?<=[\w.+-])(?=@[\w-])")
_COLON = re.compile(r":(?=[A-Za-z:\\]|[+-]1:|\d+:(?!\d))")
_ARROW = re.compile(r"(?<=<)(?=-)|(?<=-)(?=[>-])|(?<=[<>~])(?==)|(?<=-)(?=\\>)|(?<=\\[<>~])(?=[=-])")

_IMAGE = re.compile(r"!(?=\[)")
_LINK = re.compile(r"(?<=\])(?=\((?!(?:/(?![/\\])|#)[^\s)]*\)))")
_DEFINITION = re.compile(r"(?<=\])(?=:)")
_FORMULA = re.compile(r"(?<!\\)((?:\\\\)*)\$")
_ANGLE = re.compile(r"<(?=[A-Za-z!/?])")


def plain(text: str) -> str:
    """Markdown that shows `text` as it is, in the order of its letters; words without signs of Markdown come back
    unchanged. A line stays a line."""
    return "  \n".join(_line(line) for line in _BREAK.split(text)) if text else ""


def _line(line: str) -> str:
    line = _EDGES.sub("", _TURNING.sub("", line))
    if not line:
        return "\u00a0"  # an empty line would end the paragraph
    found = _SIGNS.sub(lambda sign: f"\\{sign[0]}", line)
    found = _LINE_START.sub(lambda sign: f"\\{sign[0]}", found)
    found = _NUMBERED.sub(r"\1\\\2", found)
    found = _COLON.sub(f":{JOINER}", found)
    return _ARROW.sub(JOINER, _no_address(found))


def _no_address(text: str) -> str:
    # a pattern without a sign of its own is tried at every letter; looking for the sign first is 50 times faster
    if "://" in text:
        text = _SCHEME.sub(JOINER, text)
    if "." in text and "www." in text.lower():
        text = _WWW.sub(JOINER, text)
    return _MAIL.sub(JOINER, text) if "@" in text else text


def disarmed(markdown: str) -> str:
    """The same Markdown without images, formulas, HTML and every link that leads anywhere but to a page of ours.

    Words that `plain` has made stay as they are shown; doing it twice changes nothing more.
    """
    if markdown.isalnum():
        return markdown
    for sign, place in (("![", _IMAGE), ("<", _ANGLE)):
        if sign in markdown:
            markdown = place.sub(lambda found: f"{found[0]}{JOINER}", markdown)
    for sign, place in (("](", _LINK), ("]:", _DEFINITION)):
        if sign in markdown:
            markdown = place.sub(JOINER, markdown)
    if "$" in markdown:
        markdown = _FORMULA.sub(r"\1\\$", markdown)
    return _no_address(markdown)
