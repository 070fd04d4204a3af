"""Settings that keep the app closed, and that what is written for its keepers is true."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

import pytest

from dashboard.gate import CONTENT_POLICY, PUBLIC
from dashboard.oidc import PATHS, Oidc, account_name, read_oidc
from etl.errors import SettingsError
from etl.settings import PROJECT, Settings
from etl.warehouse.inbox import LIMIT_MB

CONFIG = tomllib.loads((PROJECT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
OPERATING = (PROJECT / "OPERATING.md").read_text(encoding="utf-8")
SECURITY = (PROJECT / "SECURITY.md").read_text(encoding="utf-8")


def test_the_app_listens_on_this_machine_alone_and_protects_forms_and_websockets() -> None:
    assert Settings(home=Path()).address == CONFIG["server"]["address"] == "127.0.0.1"
    assert CONFIG["server"]["enableXsrfProtection"] is CONFIG["server"]["enableCORS"] is True
    assert CONFIG["server"]["maxUploadSize"] == LIMIT_MB
    assert CONFIG["client"]["showErrorDetails"] == "none"


def test_the_policy_names_no_other_host() -> None:
    assert not re.search(r"https?:|\*", CONTENT_POLICY)


def test_every_upload_on_a_page_says_which_types_it_takes() -> None:
    for path in (PROJECT / "dashboard").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr == "file_uploader"
            ):
                assert any(word.arg == "type" for word in node.keywords), f"{path}:{node.lineno}"


def test_seven_addresses_are_public_and_four_more_with_a_provider() -> None:
    assert (len(PUBLIC), len(PATHS)) == (7, 4)
    assert {"/login/oidc", "/login/oidc/done", "/auth/login", "/oauth2callback"} == PATHS


def test_the_page_on_security_names_tests_that_exist() -> None:
    named = set(re.findall(r"`(tests/\S+\.py)`", SECURITY))
    assert len(named) > 6
    assert [path for path in named if not (PROJECT / path).exists()] == []
    for heading in ("What is protected, from whom", "How to report", "Libraries"):
        assert f"## {heading}" in SECURITY


def test_the_example_of_a_provider_is_read_as_it_stands(tmp_path: Path) -> None:
    found = re.search(r"```toml\n(.+?)```", OPERATING, re.DOTALL)
    assert found is not None
    (tmp_path / "secrets.toml").write_text(found[1], encoding="utf-8")
    assert read_oidc(tmp_path) == Oidc("default", "email", "Войти через учётную запись школы")


def test_the_example_of_a_proxy_passes_on_what_the_app_relies_on() -> None:
    for line in ("Host $http_host", "X-Forwarded-Proto https", "X-Forwarded-For $remote_addr", "Upgrade $http_upgrade"):
        assert f"proxy_set_header {line};" in OPERATING
    assert "OnCalendar=" in OPERATING and "zavuch backup" in OPERATING


@pytest.mark.parametrize(
    ("text", "said"), [("[auth", "cannot be read"), ("[auth]\n[zavuch]\nclaims = 'x'", "unknown keys")]
)
def test_a_broken_file_of_secrets_is_named(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "secrets.toml").write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match=said):
        read_oidc(tmp_path)


def test_without_a_provider_there_is_none(tmp_path: Path) -> None:
    assert read_oidc(tmp_path) is None
    (tmp_path / "secrets.toml").write_text("[other]\n", encoding="utf-8")
    assert read_oidc(tmp_path) is None


@pytest.mark.parametrize(
    ("claims", "name"),
    [
        ({"email": "a@b.ru", "email_verified": True}, "a@b.ru"),
        ({"email": "a@b.ru", "email_verified": "true"}, None),
        ({"email": "a@b.ru"}, None),
        ({"email": ["a@b.ru"], "email_verified": True}, None),
        ({"email": " ", "email_verified": True}, None),
        ({"email": "a@b.ru", "email_verified": True, "provider": "other"}, None),
        ({"email": "a@b.ru", "email_verified": True, "is_logged_in": False}, None),
    ],
)
def test_an_account_is_named_by_a_verified_address_of_our_own_provider_alone(
    claims: dict[str, object], name: str | None
) -> None:
    assert account_name({"is_logged_in": True, "provider": "default"} | claims, Oidc()) == name


def test_another_claim_needs_no_address() -> None:
    assert account_name({"is_logged_in": True, "provider": "default", "sub": "7"}, Oidc(claim="sub")) == "7"
