"""The net under every page: what leaves for the browser holds no Markdown that fetches, runs or leads elsewhere; and
which files were made for whom.

Streamlit sends each part of a page as one message of the websocket. A page shows words of people through
`literal.plain`; where one forgot to, the message still loses its images, formulas and links here, before it leaves.
"""

from __future__ import annotations

import re
from collections import OrderedDict

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
_FILE = re.compile(rb"/media/[\w-]+(?:\.\w+)?")
FILES_REMEMBERED = 50_000
_SUSPECT = (b"]", b"$", b"@", b"<", b"://")


class FilesOf:
    """Which files each session was told of. Streamlit gives a file to whoever names its address, as long as the page
    that made it is open; here only who was told the address may ask for it."""

    def __init__(self, most: int = FILES_REMEMBERED) -> None:
        self._told: OrderedDict[tuple[str, bytes], None] = OrderedDict()
        self._most = most

    def tell(self, session: str, data: bytes) -> None:
        """Remember the addresses of files in a message to the session; the oldest are forgotten first."""
        if b"/media/" not in data:
            return
        for found in _FILE.findall(data):
            self._told[session, found] = None
            self._told.move_to_end((session, found))
        while len(self._told) > self._most:
            self._told.popitem(last=False)

    def was_told(self, session: str, path: str) -> bool:
        """Whether the path was sent to the session."""
        return (session, path.encode()) in self._told


def guarded(send: Send, session: str, files: FilesOf) -> Send:
    """A `send` of a session's websocket that disarms what it sends and remembers the files that it names."""

    async def sending(frame: Frame) -> None:
        data = frame.get("bytes")
        if data is not None:
            files.tell(session, data)
        if frame["type"] == "websocket.send" and data is not None and _is_suspect(data):
            frame = {**frame, "bytes": disarmed_message(data)}
        await send(frame)

    return sending


def _is_suspect(data: bytes) -> bool:
    """Whether the bytes hold a sign without which there is nothing to disarm; a search of each is a tenth of the
    time of one pattern for all (most messages hold none)."""
    return any(sign in data for sign in _SUSPECT) or b"www." in data.lower()


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
