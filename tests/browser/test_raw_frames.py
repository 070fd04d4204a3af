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
from dashboard.incoming import is_permitted
from dashboard.pages_table import PAGES
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


async def answer(line: ClientConnection, frame: bytes, heard: list[ForwardMsg] | None = None) -> bytes:
    """Everything the server says until the script is over; each message also into `heard`."""
    await line.send(frame)
    said = b""
    while True:
        got = await asyncio.wait_for(line.recv(), 60)
        assert isinstance(got, bytes)
        said += got
        message = ForwardMsg()
        message.ParseFromString(got)
        if heard is not None:
            heard.append(message)
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


@pytest.mark.parametrize("login", ["administrator", "inspector", "named", "region", "stranger"])
def test_whoever_may_not_see_a_pupil_gets_none_at_any_address(address: str, warehouse: Warehouse, login: str) -> None:
    visitor = Visitor(urlsplit(address).port or 0)
    assert visitor.sign_in(login) == 303
    values = {"school": warehouse.school_id, "class": warehouse.class_id}
    with owner_connection(warehouse.url) as connection:
        pupils = {row[0] for row in connection.execute("SELECT full_name FROM dim_pupil_name").fetchall()}
        row = connection.execute(_PLACE, values).fetchone()
    assert row is not None and len(pupils) > 100
    place = dict(zip(("school", "year", "class", "journal", "lesson", "pupil"), row, strict=True))

    async def walk() -> bytes:
        headers = {"Cookie": f"{COOKIE}={visitor.cookies[COOKIE]}"}
        uri = f"ws://127.0.0.1:{visitor.port}/_stcore/stream"
        async with connect(
            uri, subprotocols=[Subprotocol("streamlit")], additional_headers=headers, max_size=None
        ) as line:
            said = b""
            for page in PAGES:
                said += await answer(line, rerun(page.route, place))
            return said

    with ThreadPoolExecutor(1) as pool:
        said = pool.submit(lambda: asyncio.run(walk())).result()
    assert len(said) > 20_000
    with owner_connection(warehouse.url) as connection:
        noted = connection.execute(
            "SELECT e.subject, e.pupil_id FROM access_event e JOIN access_user u USING (user_id)"
            " WHERE e.kind = 'refused' AND u.login = %s AND e.school_id = %s",
            [login, warehouse.school_id],
        ).fetchall()
    assert {("pupil", place["pupil"]), ("journal", place["pupil"]), ("class", place["pupil"])} <= set(noted)
    # a family alone may be a town in the title of an act
    assert [name for name in pupils if " ".join(name.split()[:2]).encode() in said] == []
    assert b"Traceback" not in said and b"psycopg" not in said


def file_request(number: str, session: str = "") -> bytes:
    """What the client sends when a button for a file is pressed."""
    message = BackMsg()
    message.backend_operation_request.request_id = "r"
    message.backend_operation_request.session_id = session
    message.backend_operation_request.deferred_file.file_id = number
    return bytes(message.SerializeToString())


def test_a_file_is_given_to_the_session_that_asked_for_it_and_to_nobody_else(
    address: str, warehouse: Warehouse
) -> None:
    owner, other, same = (Visitor(urlsplit(address).port or 0) for _ in range(3))
    assert (owner.sign_in("deputy"), other.sign_in("class"), same.sign_in("deputy")) == (303, 303, 303)

    async def ask_for_file() -> str:
        headers = {"Cookie": f"{COOKIE}={owner.cookies[COOKIE]}"}
        uri = f"ws://127.0.0.1:{owner.port}/_stcore/stream"
        async with connect(
            uri, subprotocols=[Subprotocol("streamlit")], additional_headers=headers, max_size=None
        ) as line:
            heard: list[ForwardMsg] = []
            await answer(line, rerun("contingent", {"school": warehouse.school_id}), heard)
            session = next(one.new_session.initialize.session_id for one in heard if one.HasField("new_session"))
            offered = [one.delta.new_element.download_button.deferred_file_id for one in heard]
            for number in filter(None, offered):
                await line.send(file_request(number, session))
                while True:
                    got = await asyncio.wait_for(line.recv(), 60)
                    message = ForwardMsg.FromString(got if isinstance(got, bytes) else got.encode())
                    if message.WhichOneof("type") == "backend_operation_response":
                        break
                url = message.backend_operation_response.deferred_file.url
                if url:
                    # the tab is open: the file exists for everybody whom Streamlit would give it to
                    assert owner.ask(url, Accept="*/*")[0] == 200
                    assert other.ask(url, Accept="*/*")[0] == same.ask(url, Accept="*/*")[0] == 404
                    assert Visitor(owner.port).ask(url, Accept="*/*")[0] == 401
                    assert owner.ask(url.split(".")[0], Accept="*/*")[0] == 404
                    return str(url)
        raise AssertionError("the page offered no file")

    with ThreadPoolExecutor(1) as pool:
        url = pool.submit(lambda: asyncio.run(ask_for_file())).result()
    assert owner.ask("/logout", form={})[0] == 303
    assert owner.ask(url, Accept="*/*")[0] == 401


def test_what_a_tab_remembers_is_taken_up_again_by_the_same_sign_in_alone(address: str) -> None:
    """Streamlit hands a lost connection its old session by a number that the client states."""
    owner, other = Visitor(urlsplit(address).port or 0), Visitor(urlsplit(address).port or 0)
    assert (owner.sign_in("deputy"), other.sign_in("class")) == (303, 303)

    async def number(visitor: Visitor, known: str = "") -> str:
        headers = {"Cookie": f"{COOKIE}={visitor.cookies[COOKIE]}"}
        stated = [Subprotocol(part) for part in (("streamlit", "x", known) if known else ("streamlit",))]
        uri = f"ws://127.0.0.1:{visitor.port}/_stcore/stream"
        async with connect(uri, subprotocols=stated, additional_headers=headers, max_size=None) as line:
            heard: list[ForwardMsg] = []
            await answer(line, rerun("guide", {}), heard)
            return next(one.new_session.initialize.session_id for one in heard if one.HasField("new_session"))

    async def attack() -> None:
        first = await number(owner)
        assert await number(other, first) != first
        assert await number(owner, first) == first
        assert owner.sign_in("deputy") == 303
        assert await number(owner, first) != first, "the next person at this computer begins anew"

    with ThreadPoolExecutor(1) as pool:
        pool.submit(lambda: asyncio.run(attack())).result()


def test_ways_of_streamlit_that_no_page_of_ours_needs_are_closed(address: str) -> None:
    visitor = Visitor(urlsplit(address).port or 0)
    assert visitor.sign_in("deputy") == 303
    for path in ("/_stcore/agent/openapi.json", "/_stcore/agent/interact", "/_stcore/agent/mcp", "/_stcore/metrics"):
        assert visitor.ask(path)[0] == visitor.ask(path, form={"x": "1"})[0] == 404, path
    message = BackMsg()
    for name in ("clear_cache", "set_run_on_save", "load_git_info", "debug_shutdown_runtime"):
        setattr(message, name, True)
        assert not is_permitted(bytes(message.SerializeToString())), name
    message.backend_operation_request.install_skills.SetInParent()
    assert not is_permitted(bytes(message.SerializeToString()))
    assert not is_permitted(b"") and not is_permitted(b"\xff\xff")
    assert is_permitted(rerun("school", {})) and is_permitted(file_request("0"))
