"""What the export says of one rule: the outside view of what a load derived."""

from __future__ import annotations

import csv
import io

from etl.export import export_ledger
from tests.etl.conftest import Store


def rows(store: Store, rule: str, as_of: str | None = None) -> list[dict[str, str]]:
    """Lines of the export of one rule at T; None = where the data end."""
    out = io.BytesIO()
    export_ledger(store.url, out, as_of=as_of)
    return [row for row in csv.DictReader(io.StringIO(out.getvalue().decode())) if row["rule"] == rule]


def breached(store: Store, rule: str, as_of: str | None = None) -> set[str]:
    """Object keys of the breaches of a content rule at T; each row is checked to look as annex L14 says."""
    found = rows(store, rule, as_of)
    for row in found:
        assert row["status"] == "breached"
        assert not any(row[name] for name in ("not_before", "target_at", "due_at", "done_at"))
    keys = [row["object_key"] for row in found]
    assert len(keys) == len(set(keys)), f"a row is there twice: {keys}"
    return set(keys)


def responsible(store: Store, rule: str) -> dict[str, str]:
    """Object key → key of who answers, blank where nobody does."""
    return {row["object_key"]: row["responsible_key"] for row in rows(store, rule)}
