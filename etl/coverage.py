"""Rule × source: which rules a source lets us judge, and how exactly (annex B16; sources page, 3: provenance)."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from etl.contract.ledger import RULES
from etl.contract.needs import lack_of, needed_tables
from etl.contract.tables import BY_NAME

YES, BY_DAY, BY_INTERVAL, CANNOT = "yes", "by day", "by interval", "cannot tell"
ANSWERS = (YES, BY_DAY, BY_INTERVAL, CANNOT)
_WORDS = {"exact": YES, "day": BY_DAY, "interval": BY_INTERVAL}


def coverage(tables: Collection[str], capabilities: Collection[str], moments: Mapping[str, str]) -> dict[str, str]:
    """Answer by rule, in the order of the rules. `moments` by table: exact, day, or interval where it names none.

    A rule whose tables or capability lack cannot be told; a content rule looks at what is there, not at moments.
    """
    answers = {}
    for rule in RULES:
        lack = lack_of(rule.name, tables, capabilities)
        if lack is not None:
            answers[rule.name] = CANNOT
        elif rule.kind == "content":
            answers[rule.name] = YES
        else:
            timed = [table for table in needed_tables(rule.name) if table in BY_NAME and BY_NAME[table].entries]
            words = [_WORDS[moments.get(table, "interval")] for table in timed]
            answers[rule.name] = max(words, key=ANSWERS.index) if words else YES
    return answers
