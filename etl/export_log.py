"""Exports by the command line stand in the access log too: they take more out of the product than any page."""

from __future__ import annotations

import getpass
from collections.abc import Sequence

from etl.warehouse.engine import owner_connection

ROLE = "server"
_NOTE = """
INSERT INTO access_event (at, school_id, user_id, kind, subject, full_name, role)
SELECT clock_timestamp(), school_id, 0, 'export', %s, %s, %s FROM dim_school
WHERE cardinality(%s::text[]) = 0 OR school_key = ANY(%s)
"""


def note_export(url: str, what: str, school_keys: Sequence[str] = ()) -> None:
    """One row per school, before a byte is written; `what` is a code of `access_subject`, no keys = all schools.

    The person is the account of the machine: whoever may start the command has none in the product.
    """
    keys = list(school_keys)
    with owner_connection(url) as connection:
        connection.execute(_NOTE, [what, getpass.getuser(), ROLE, keys, keys])
