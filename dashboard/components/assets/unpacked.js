// What the page sends to a script: bytes of JSON (see `components/packed.py`).
const unpacked = (bytes) => JSON.parse(new TextDecoder().decode(bytes))
