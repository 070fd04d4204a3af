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
    message = BackMsg()
    try:
        message.ParseFromString(data)
    except DecodeError:
        return False
    kind = message.WhichOneof("type")
    if kind == "backend_operation_request":
        return message.backend_operation_request.WhichOneof("payload") in OPERATIONS
    return kind in KINDS
