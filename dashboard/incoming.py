"""What a browser may ask of Streamlit over its websocket: to run the page, and for what the page offered.

Streamlit's protocol also lets a client empty caches for everybody, read the state of the code's repository and have
files written beside the code. No page of ours needs these, so such messages do not arrive.
"""

from __future__ import annotations

from google.protobuf.message import DecodeError
from streamlit.proto.BackMsg_pb2 import BackMsg

KINDS = frozenset({"rerun_script", "stop_script", "app_heartbeat", "file_urls_request", "backend_operation_request"})
OPERATIONS = frozenset({"deferred_file", "dataframe_chunk"})
"""A file that a button offers, and further rows of a table that is on the page."""


def is_permitted(data: bytes) -> bool:
    """Whether the bytes are a message that a page of ours may send; false for what cannot be read."""
    message = _read(data)
    kind = message.WhichOneof("type") if message else None
    if message and kind == "backend_operation_request":
        return message.backend_operation_request.WhichOneof("payload") in OPERATIONS
    return kind in KINDS


def is_by_person(data: bytes) -> bool:
    """Whether somebody did something: a part of a page that looks every second, and a sign that the tab is open, come
    without anybody at the keyboard."""
    message = _read(data)
    if message is None or message.WhichOneof("type") in (None, "app_heartbeat"):
        return False
    return not (message.HasField("rerun_script") and message.rerun_script.is_auto_rerun)


def _read(data: bytes) -> BackMsg | None:
    message = BackMsg()
    try:
        message.ParseFromString(data)
    except DecodeError:
        return None
    return message
