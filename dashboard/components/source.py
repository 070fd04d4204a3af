"""The scripts and styles of our components: files of `assets/`, joined before they are given to Streamlit."""

from __future__ import annotations

from pathlib import Path

ASSETS = Path(__file__).resolve().parent / "assets"


def source(*names: str) -> str:
    """The files one after another; the last script holds the `export default`."""
    return "\n".join((ASSETS / name).read_text(encoding="utf-8") for name in names)
