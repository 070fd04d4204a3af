"""The net under every page: what leaves for the browser holds no Markdown that fetches, runs or leads elsewhere.

Streamlit sends each part of a page as one message of the websocket. A page shows words of people through
`literal.plain`; where one forgot to, the message still loses its images, formulas and links here, before it leaves.
"""

from __future__ import annotations

import re

from google.protobuf.message import DecodeError, Message
from starlette.types import Message as Frame
from starlette.types import Send
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from dashboard.literal import disarmed

# fields that Streamlit's client reads as Markdown; choices are left alone, because they come back as they were sent
WORDS = frozenset({"label", "help", "body", "title", "text", "delta", "delta_description", "captions"})
WORDS_OF_TABS = frozenset({"default_tab_label"})
LITERAL = frozenset({"html", "text", "code", "json", "bidi_component", "component_instance", "plotly_chart",
                     "arrow_data_frame", "arrow_table", "iframe", "doc_string", "exception"})  # fmt: skip
"""Elements whose words are no Markdown: our components set text, Plotly is escaped in `chart_style.safe`."""
_SUSPECT = re.compile(rb"[\]$@<]|://|[wW]{3}\.")


def guarded(send: Send) -> Send:
    """A `send` of a websocket that disarms what it sends."""

    async def sending(frame: Frame) -> None:
        data = frame.get("bytes")
        if frame["type"] == "websocket.send" and data is not None and _SUSPECT.search(data):
            frame = {**frame, "bytes": disarmed_message(data)}
        await send(frame)

    return sending


def disarmed_message(data: bytes) -> bytes:
    """The bytes of a `ForwardMsg` with disarmed Markdown; the same bytes where there was none."""
    message = ForwardMsg()
    try:
        message.ParseFromString(data)
    except DecodeError:
        return data  # no message of Streamlit's: its client cannot read it either
    if message.WhichOneof("type") != "delta":
        return data
    delta = message.delta
    kind = delta.WhichOneof("type")
    part: Message | None = {"new_element": delta.new_element, "add_block": delta.add_block}.get(kind or "")
    return message.SerializeToString() if part is not None and _disarm(part) else data


def _disarm(part: Message) -> bool:
    """Whether anything was changed in the message or in those that it holds."""
    changed = False
    for field, value in part.ListFields():
        if field.message_type is not None:
            if field.name not in LITERAL and not field.message_type.GetOptions().map_entry:
                for each in value if field.is_repeated else (value,):
                    changed |= _disarm(each)
        elif field.name in WORDS or field.name in WORDS_OF_TABS:
            words = list(value) if field.is_repeated else [value]
            found = [disarmed(each) if isinstance(each, str) else each for each in words]
            if found != words:
                changed = True
                if field.is_repeated:
                    value[:] = found
                else:
                    setattr(part, field.name, found[0])
    return changed
