"""Raw websocket frames without a browser: a signed-in class teacher forges what Streamlit's own client would send."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode, urlsplit

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from dashboard.access import COOKIE
from etl.warehouse.engine import owner_connection
from tests.conftest import Warehouse
from tests.dashboard.test_attacks import Visitor

pytestmark = pytest.mark.browser
_OTHERS = """
SELECT n.full_name FROM dim_pupil_name n WHERE n.school_id = %(school)s AND n.full_name NOT IN (
    SELECT o.full_name FROM dim_pupil_name o JOIN fact_enrolment e USING (school_id, pupil_id)
    WHERE e.school_id = %(school)s AND (e.class_id = %(class)s OR e.class_id IN (
        SELECT a.class_id FROM access_row a WHERE a.user_id = 2)))
"""
_PLACE = """
SELECT l.school_id, l.school_year, l.class_id, l.journal_id, l.lesson_id, e.pupil_id
FROM fact_lesson l JOIN fact_enrolment e USING (school_id, class_id)
WHERE l.school_id = %(school)s AND l.class_id <> %(class)s AND l.class_id NOT IN (
    SELECT a.class_id FROM access_row a WHERE a.user_id = 2 AND a.class_id IS NOT NULL)
ORDER BY l.lesson_id LIMIT 1
"""


def rerun(page: str, params: Mapping[str, object], states: list[WidgetState] | None = None) -> bytes:
    """What the client sends to open a page at an address, with states of widgets of its own choice."""
    message = BackMsg()
    message.rerun_script.query_string = urlencode(params)
    message.rerun_script.page_name = page
    message.rerun_script.widget_states.widgets.extend(states or [])
    return bytes(message.SerializeToString())


async def answer(line: ClientConnection, frame: bytes) -> bytes:
    """Everything the server says until the script is over."""
    await line.send(frame)
    said = b""
    while True:
        got = await asyncio.wait_for(line.recv(), 60)
        assert isinstance(got, bytes)
        said += got
        message = ForwardMsg()
        message.ParseFromString(got)
        # the landing page hands over to another one: its end is not the end
        if message.WhichOneof("type") == "script_finished" and message.script_finished in (0, 1):
            return said


def test_forged_frames_show_a_class_teacher_nobody_elses_pupils(address: str, warehouse: Warehouse) -> None:
    visitor = Visitor(urlsplit(address).port or 0)
    assert visitor.sign_in("class") == 303
    values = {"school": warehouse.school_id, "class": warehouse.class_id}
    with owner_connection(warehouse.url) as connection:
        others = {row[0] for row in connection.execute(_OTHERS, values).fetchall()}
        row = connection.execute(_PLACE, values).fetchone()
    assert row is not None and len(others) > 20
    theirs = dict(zip(("school", "year", "class", "journal", "lesson", "pupil"), row, strict=True))
    own = {"school": warehouse.school_id, "class": warehouse.class_id}
    wild = [
        WidgetState(id="zavuch.period", string_value="q1' OR 1=1 --"),
        WidgetState(id="$$ID-0-zavuch.scope", json_value='{"school_ids": [1, 2]}'),
        WidgetState(id="zavuch.identity", json_value='[1, "deputy", "x", "deputy"]'),
        WidgetState(id="$$ID-f00-zavuch.as_of", string_value="9999-99-99"),
        WidgetState(id="zavuch.page", int_value=2**62),
        WidgetState(id="x" * 100_000, bytes_value=b"\xff" * 1000),
    ]

    async def attack() -> tuple[bytes, bytes]:
        headers = {"Cookie": f"{COOKIE}={visitor.cookies[COOKIE]}"}
        uri = f"ws://127.0.0.1:{visitor.port}/_stcore/stream"
        async with connect(
            uri,
            subprotocols=[Subprotocol("streamlit")],
            additional_headers=headers,
            max_size=None,
        ) as line:
            mine = await answer(line, rerun("class", own))
            said = b""
            for page in (
                "pupil",
                "journal",
                "class",
                "findings",
                "attendance",
                "performance",
                "activity",
                "access_log",
            ):
                said += await answer(line, rerun(page, theirs, wild))
            said += await answer(line, rerun("school", {**theirs, "school": warehouse.silent_id}, wild))
            said += await answer(line, rerun("../overview", theirs, wild))
            return mine, said

    with ThreadPoolExecutor(1) as pool:  # the browser tests of this process have a loop of their own
        mine, said = pool.submit(lambda: asyncio.run(attack())).result()
    assert len(mine) > 5_000 and len(said) > 20_000, "the server answered too little for this to mean anything"
    assert [name for name in others if name.encode() in said] == []
    assert b"Traceback" not in said and b"SELECT " not in said and b"psycopg" not in said
