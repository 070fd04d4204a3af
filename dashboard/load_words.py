"""Why a row was set aside and what a load remarks, in Russian: the loader speaks the language of its command line.
Pure.
"""

from __future__ import annotations

import re

from dashboard.i18n import t
from dashboard.load_sentences import FAILURES, REASONS, REMARKS
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
    (r"longer than (?P<n>\d+) characters", "reject.long"),
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
    (r"marks of (?P<sheet>.+)", "load_remark.no_marks"),
    (r"topics of (?P<sheet>.+)", "load_remark.no_topics"),
    (r"marks and topics of (?P<sheet>.+)", "load_remark.no_sheet"),
    (
        r"no КТП was received of (?P<classes>.+): their topics and homework cannot be judged",
        "load_remark.no_plan",
    ),
    (r"the КТП of (?P<journals>.+) was not received: their topics cannot be judged", "load_remark.no_block"),
    (
        r"the files say only the day of the export, (?P<day>[\d.]+): its end is taken; .*",
        "load_remark.day_only",
    ),
    (
        r"recognised as .+: (?P<n>\d+) journals of (?P<classes>\d+) classes of (?P<years>[\d/, ]+)(?:, КТП of"
        r" (?P<plans>\d+) journals with (?P<lines>[\d,]+) dated lines)?, in (?P<books>\d+) workbooks, as of .+",
        "load_remark.portal",
    ),
    (r"the dates of the periods were not stated: .*", "load_remark.no_periods"),
    (r"(?P<n>\d+) rows of (?P<what>\w+) lie in school years that were purged and stay out", "load_remark.purged"),
    (r"(?P<table>\w+): unknown columns were not read: (?P<columns>.+)", "load_remark.columns"),
    (r"(?P<file>.+) is not a table of the bundle and was not read", "load_remark.file"),
    (
        r"school (?P<school>.+): the regulation (?P<regulation>.+) is not installed and was taken as none stated;"
        r" installed: (?P<installed>.*)",
        "load_remark.regulation",
    ),
)


_FAILURES: tuple[tuple[str, str], ...] = (
    (r"The names of the files do not say when they were exported\..*", "upload_failed.moment"),
    (r"The files are of several days: (?P<days>.+?)\. .*", "upload_failed.several_days"),
    (r"The files are of another school: (?P<school>.+?)\. .*", "upload_failed.other_school"),
    (r"(?P<file>.+) is not recognised: .*", "upload_failed.unknown"),
    (
        r"The bundle of (?P<ours>\S+) is older than the one of (?P<theirs>\S+) that is loaded .*",
        "upload_failed.older",
    ),
    (r"Another bundle of the same moment .*", "upload_failed.same_moment"),
    (r"(?P<file>.+) is damaged: .*", "upload_failed.damaged"),
    (r"The files are no longer in the inbox\..*", "upload_failed.gone"),
    (r"The answers cannot be read: .*", "upload_failed.answers"),
    (r"interrupted", "upload_failed.interrupted"),
    (r"unexpected: .*", "upload_failed.unexpected"),
)


def failure(sentence: str) -> str:
    """Why a load failed, in Russian; a sentence that nobody translated is handed on for the administrator."""
    told = _translated(sentence, (*_FAILURES, *FAILURES))
    return t("upload_told.other", why=sentence) if told == sentence else told


def reject_reason(sentence: str) -> str:
    """The reason in Russian; a sentence that nobody translated stays as it is, never lost."""
    return _translated(sentence, (*_REASONS, *REASONS))


def remark(sentence: str) -> str:
    """A load's remark in Russian; a sentence that nobody translated stays as it is."""
    return _translated(sentence, (*_REMARKS, *REMARKS))


def _translated(sentence: str, known: tuple[tuple[str, str], ...]) -> str:
    for pattern, key in known:
        found = re.fullmatch(pattern, sentence)
        if found:
            places = found.groupdict()
            if "what" in places:
                places["what"] = table_name(places["what"]).lower()
            return t(key, **places)
    return sentence
