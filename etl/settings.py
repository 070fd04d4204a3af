"""Every setting of the product: an environment variable or a key of `zavuch.toml` under ZAVUCH_HOME.

The environment wins over the file, the file over the default. The README lists exactly `SETTINGS`.
"""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass, field, fields
from datetime import time
from functools import lru_cache
from pathlib import Path

from etl.errors import SettingsError

PROJECT = Path(__file__).resolve().parent.parent
LONGEST_DAYS = 366
USUAL_PROCESSES, MOST_PROCESSES = 4, 64  # each keeps its own memory of answers: more only where somebody says so
# of the processes that draw pages: their tables are small, handing them to other threads costs more than it saves
PAGES_ENVIRONMENT = {"POLARS_MAX_THREADS": "1"}
# variable → (TOML key, meaning); the README's table is tested against it
SETTINGS: dict[str, tuple[str, str]] = {
    "ZAVUCH_HOME": ("", "folder of all state (default: `.zavuch` in the project folder)"),
    "ZAVUCH_DATABASE_URL": (
        "database_url",
        "a PostgreSQL ≥ 15 to use instead of the embedded one (owner role)",
    ),
    "ZAVUCH_APP_DATABASE_URL": (
        "app_database_url",
        "the same database as the app's own role, if you made it yourself",
    ),
    "ZAVUCH_PORT": ("port", "port of the app (default 8501)"),
    "ZAVUCH_ADDRESS": ("address", "address of the app (default 127.0.0.1)"),
    "ZAVUCH_PROCESSES": (
        "processes",
        "processes that draw pages, some 350 MB each with many readers (default: one for every core, at most 4)",
    ),
    "ZAVUCH_REGULATIONS": ("regulations", "folder with a school's own regulation files (TOML)"),
    "ZAVUCH_JUDGEMENT_DAYS": (
        "judgement_days",
        "days for which a school's judgement by another act is kept (default 14)",
    ),
    "ZAVUCH_RAW_KEY": (
        "raw_key",
        "key that encrypts the kept files, 44 characters of base64 (default: made once, in `raw.key` of the folder)",
    ),
    "ZAVUCH_RAW_DAYS": (
        "raw_days",
        "days for which loaded files are kept, 0 keeps none (default 400)",
    ),
    "ZAVUCH_PSEUDONYMS": (
        "pseudonyms",
        "`on` shows a pseudonym in place of every person's name: for demonstrations and screenshots (default `off`)",
    ),
    "ZAVUCH_PUBLIC_URL": ("public_url", "address at which people open the app: the links of digests begin with it"),
    "ZAVUCH_SMTP_HOST": ("smtp_host", "mail server for digests; none: nothing is sent"),
    "ZAVUCH_SMTP_PORT": ("smtp_port", "its port (default 587)"),
    "ZAVUCH_SMTP_SECURITY": ("smtp_security", "`starttls` (default), `tls`, or `none` for a server on this machine"),
    "ZAVUCH_SMTP_USER": ("smtp_user", "account at the mail server"),
    "ZAVUCH_SMTP_PASSWORD": ("smtp_password", "its password"),
    "ZAVUCH_SMTP_FROM": ("smtp_from", "address the digests come from"),
    "ZAVUCH_QUIET_FROM": ("quiet_from", "no digest from this time on, in the school's own time (default 19:00)"),
    "ZAVUCH_QUIET_TO": ("quiet_to", "until this time (default 07:00)"),
}


@dataclass(frozen=True)
class Settings:
    """The settings of one run; paths are absolute."""

    home: Path
    database_url: str = ""
    app_database_url: str = ""
    port: int = 8501
    address: str = "127.0.0.1"
    processes: int = 1
    regulations: Path | None = None
    judgement_days: int = 14
    raw_key: str = field(default="", repr=False)
    raw_days: int = 400
    pseudonyms: bool = False
    public_url: str = ""
    smtp_host: str = ""
    smtp_port: int = 587
    smtp_security: str = "starttls"
    smtp_user: str = ""
    smtp_password: str = field(default="", repr=False)
    smtp_from: str = ""
    quiet_from: time = time(19)
    quiet_to: time = time(7)


@lru_cache(maxsize=1)
def read_settings() -> Settings:
    """Read the environment and `zavuch.toml` once; raises SettingsError naming the bad key and its value."""
    home = Path(os.environ.get("ZAVUCH_HOME") or PROJECT / ".zavuch").expanduser().resolve()
    stated = _read_file(home / "zavuch.toml")
    values: dict[str, str] = {}
    for variable, (key, _meaning) in SETTINGS.items():
        if key:
            value = os.environ.get(variable) or stated.get(key)
            if value not in (None, ""):
                values[key] = str(value)
    folder = values.get("regulations")
    return Settings(
        home=home,
        database_url=values.get("database_url", ""),
        app_database_url=values.get("app_database_url", ""),
        port=_port(values.get("port", "8501")),
        address=values.get("address", "127.0.0.1"),
        processes=_processes(values.get("processes", "")),
        regulations=Path(folder).expanduser().resolve() if folder else None,
        judgement_days=_days(values.get("judgement_days", "14")),
        raw_key=values.get("raw_key", ""),
        raw_days=_raw_days(values.get("raw_days", "400")),
        pseudonyms=_switch(values.get("pseudonyms", "off")),
        public_url=values.get("public_url", ""),
        smtp_host=values.get("smtp_host", ""),
        smtp_port=_port(values.get("smtp_port", "587")),
        smtp_security=_security(values.get("smtp_security", "starttls")),
        smtp_user=values.get("smtp_user", ""),
        smtp_password=values.get("smtp_password", ""),
        smtp_from=values.get("smtp_from", ""),
        quiet_from=_time(values.get("quiet_from", "19:00")),
        quiet_to=_time(values.get("quiet_to", "07:00")),
    )


def _processes(text: str) -> int:
    if not text:
        return min(os.cpu_count() or 1, USUAL_PROCESSES)
    if not text.isdigit() or not 1 <= int(text) <= MOST_PROCESSES:
        raise SettingsError(
            f"{text!r} is no number of processes from 1 to {MOST_PROCESSES}.",
            advice="Correct ZAVUCH_PROCESSES or `processes`.",
        )
    return int(text)


def _security(text: str) -> str:
    if text not in ("starttls", "tls", "none"):
        raise SettingsError(
            f"{text!r} is neither starttls, tls nor none.", advice="Correct ZAVUCH_SMTP_SECURITY or `smtp_security`."
        )
    return text


def _time(text: str) -> time:
    try:
        return time.fromisoformat(text)
    except ValueError as error:
        raise SettingsError(
            f"{text!r} is not a time of day.", advice="Write quiet_from and quiet_to as 19:00."
        ) from error


def _switch(text: str) -> bool:
    if text.lower() not in ("on", "off", "true", "false"):  # TOML's own truth values arrive as True and False
        raise SettingsError(f"{text!r} is neither on nor off.", advice="Correct ZAVUCH_PSEUDONYMS or `pseudonyms`.")
    return text.lower() in ("on", "true")


def _days(text: str) -> int:
    if not text.isdigit() or not 0 < int(text) <= LONGEST_DAYS:
        raise SettingsError(
            f"{text!r} is not a number of days from 1 to {LONGEST_DAYS}.",
            advice="Correct ZAVUCH_JUDGEMENT_DAYS or `judgement_days`.",
        )
    return int(text)


def _raw_days(text: str) -> int:
    if not text.isdigit() or int(text) > 36600:
        raise SettingsError(f"{text!r} is not a number of days.", advice="Correct ZAVUCH_RAW_DAYS or `raw_days`.")
    return int(text)


def _port(text: str) -> int:
    if not text.isdigit() or not 0 < int(text) < 65536:
        raise SettingsError(
            f"The port {text!r} is not a number from 1 to 65535.", advice="Correct ZAVUCH_PORT or `port`."
        )
    return int(text)


def _read_file(path: Path) -> dict[str, object]:
    if not path.exists():
        return {}
    try:
        stated = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"{path} cannot be read as TOML: {error}.", advice="Correct the file or delete it."
        ) from error
    known = {each.name for each in fields(Settings)} - {"home"}
    unknown = sorted(set(stated) - known)
    if unknown:
        raise SettingsError(
            f"{path} has unknown keys: {', '.join(unknown)}.",
            advice=f"Known keys: {', '.join(sorted(known))}.",
        )
    return stated
