"""Why a row was set aside and what a load remarks, in Russian: the loader speaks the language of its command line.
Pure.
"""

from __future__ import annotations

import re

from dashboard.i18n import t
from dashboard.tables_words import table_name

# pattern of the loader's sentence → key of the text; named groups fill its places
_REASONS: tuple[tuple[str, str], ...] = (
    (r"required cell is blank", "reject.blank"),
    (r"refers to an? (?P<what>\w+) that is in no accepted row", "reject.reference"),
    (r"not a known IANA time zone", "reject.zone"),
    (r"not a whole number", "reject.integer"),
    (r"not one of (?P<values>.+)", "reject.enum"),
    (r"not a number with a decimal point", "reject.decimal"),
    (r"not a date as .+", "reject.date"),
    (r"not a time of day as .+", "reject.time"),
    (r"neither true nor false", "reject.bool"),
    (r"not a mark of the contract.*", "reject.mark"),
    (r"not an absence code of the contract.*", "reject.absence"),
    (r"not a school year as .+", "reject.school_year"),
    (r"from_on is not before to_on", "reject.from_to"),
    (r"starts_on is after ends_on", "reject.starts_ends"),
    (r"not a timestamp in ISO 8601", "reject.timestamp"),
    (r"holds a zero character", "reject.zero"),
    (r"the key came before in this file with other content; the first row stays", "reject.again"),
)
_REMARKS: tuple[tuple[str, str], ...] = (
    (
        r"(?P<table>[\w.]+): (?P<n>\d+) moments are later than the export itself and count as not made",
        "load_remark.skewed",
    ),
    (
        r"change: (?P<n>\d+) changes are of entries that no bundle brought and name no lesson; they are not judged,"
        r" the first is (?P<change>.+) of (?P<what>\w+) (?P<entry>.+)",
        "load_remark.pointless",
    ),
    (r"(?P<table>\w+): unknown columns were not read: (?P<columns>.+)", "load_remark.columns"),
    (r"(?P<file>.+) is not a table of the bundle and was not read", "load_remark.file"),
    (
        r"school (?P<school>.+): the regulation (?P<regulation>.+) is not installed and was taken as none stated;"
        r" installed: (?P<installed>.*)",
        "load_remark.regulation",
    ),
)


def reject_reason(sentence: str) -> str:
    """The reason in Russian; a sentence that nobody translated stays as it is, never lost."""
    return _translated(sentence, _REASONS)


def remark(sentence: str) -> str:
    """A load's remark in Russian; a sentence that nobody translated stays as it is."""
    return _translated(sentence, _REMARKS)


def _translated(sentence: str, known: tuple[tuple[str, str], ...]) -> str:
    for pattern, key in known:
        found = re.fullmatch(pattern, sentence)
        if found:
            places = found.groupdict()
            if "what" in places:
                places["what"] = table_name(places["what"]).lower()
            return t(key, **places)
    return sentence
