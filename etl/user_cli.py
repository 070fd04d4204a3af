"""`zavuch user`: accounts of people, from the machine the product runs on."""

from __future__ import annotations

import sys
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from etl.accounts import Target, accounts, add_account, disable, enable, grant, revoke, set_password, tie
from etl.cli_print import example, out
from etl.errors import SettingsError
from etl.settings import read_settings
from etl.warehouse.roles import ABOVE_SCHOOLS, ROLES

user = typer.Typer(no_args_is_help=True, help="Accounts: add, tie, grant, revoke, disable, enable, passwd, list.")

Login = Annotated[str, typer.Argument(help="Sign-in name; letter case does not matter.")]
School = Annotated[str, typer.Option("--school", help="Key of a school.")]
ClassKey = Annotated[str, typer.Option("--class", help="Key of a class of that school.")]
Staff = Annotated[str, typer.Option("--staff", help="Key of a member of staff of that school.")]
Municipality = Annotated[str, typer.Option("--municipality", help="Name of a municipality.")]
StaffNames = Annotated[bool, typer.Option("--staff-names", help="The names of that municipality's teachers.")]
Region = Annotated[bool, typer.Option("--region", help="Every school.")]
FromStdin = Annotated[bool, typer.Option("--password-stdin", help="Read the password from standard input.")]


def _open() -> str:
    from etl.warehouse.schema import open_warehouse

    return open_warehouse(read_settings())


@user.command(
    epilog=example("zavuch user add orlova --role deputy --name 'Орлова М. С.' --school school-7 --staff 112")
)
def add(
    login: Login,
    role: Annotated[str, typer.Option(help=f"One of {', '.join(ROLES)}.")],
    name: Annotated[str, typer.Option(help="Name as the app shows it.")],
    school: School = "",
    staff: Staff = "",
    external_id: Annotated[str, typer.Option("--external-id", help="Who this is at the OpenID Connect provider.")] = "",
    no_password: Annotated[bool, typer.Option("--no-password", help="OpenID Connect alone.")] = False,
    password_stdin: FromStdin = False,
) -> None:
    """Open an account. It sees nothing until something is granted; with --staff it closes when the employment ends."""
    if bool(school) != bool(staff):
        raise SettingsError("--school and --staff name one person together.", advice="Give both, or neither.")
    person = Target(school=school, staff_key=staff) if staff else None
    url = _open()
    password = None if no_password else _password(from_stdin=password_stdin)
    add_account(url, login, role=role, name=name, password=password, staff=person, external_id=external_id)
    out.print(f"Account {escape(login.lower())} is open. It sees nothing yet: `zavuch user grant`.", highlight=False)
    if person is None and role not in ABOVE_SCHOOLS:
        out.print("It is nobody's of the staff and never closes by itself: `zavuch user tie`.", highlight=False)


@user.command("tie", epilog=example("zavuch user tie orlova --school school-7 --staff 245"))
def tie_one(login: Login, school: School = "", staff: Staff = "") -> None:
    """Let an account end with this member of staff's employment: for one opened without --staff, or a new contract."""
    if not (school and staff):
        raise SettingsError("--school and --staff name one person together.", advice="Give both.")
    tie(_open(), login, Target(school=school, staff_key=staff))
    out.print(f"{escape(login)} closes with the employment of {escape(staff)} in {escape(school)}.", highlight=False)


@user.command("grant", epilog=example("zavuch user grant orlova --school school-7"))
def grant_one(
    login: Login,
    school: School = "",
    class_key: ClassKey = "",
    staff: Staff = "",
    municipality: Municipality = "",
    staff_names: StaffNames = False,
    region: Region = False,
) -> None:
    """Let an account see the region, a municipality, a school, a class or a member of staff's journals."""
    target = Target(municipality, school, class_key, staff, staff_names, region)
    grant(_open(), login, target)
    out.print(f"{escape(login)} holds this grant now: {target.level}.", highlight=False)


@user.command("revoke", epilog=example("zavuch user revoke orlova --school school-7"))
def revoke_one(
    login: Login,
    school: School = "",
    class_key: ClassKey = "",
    staff: Staff = "",
    municipality: Municipality = "",
    staff_names: StaffNames = False,
    region: Region = False,
    every: Annotated[bool, typer.Option("--all", help="Everything it was granted.")] = False,
) -> None:
    """Take a grant away; open pages lose it at the next step."""
    target = None if every else Target(municipality, school, class_key, staff, staff_names, region)
    gone = revoke(_open(), login, target)
    out.print(f"Grants taken from {escape(login)}: {gone}.", highlight=False)


@user.command("disable", epilog=example("zavuch user disable orlova"))
def disable_one(login: Login) -> None:
    """Close an account; its sessions end at once, on open pages too."""
    disable(_open(), login)
    out.print(f"{escape(login)} may not sign in any more.", highlight=False)


@user.command("enable", epilog=example("zavuch user enable orlova"))
def enable_one(login: Login) -> None:
    """Open a disabled account again, or lift the lock after wrong passwords."""
    enable(_open(), login)
    out.print(f"{escape(login)} may sign in again.", highlight=False)


@user.command("passwd", epilog=example("zavuch user passwd orlova"))
def passwd(login: Login, password_stdin: FromStdin = False) -> None:
    """Give an account another password; its sessions end."""
    url = _open()
    set_password(url, login, _password(from_stdin=password_stdin))
    out.print(f"{escape(login)} has another password; its sessions are over.", highlight=False)


@user.command("list", epilog=example("zavuch user list"))
def list_all() -> None:
    """List the accounts with their grants; a person who left is closed by herself."""
    table = Table(box=None, pad_edge=False)
    for name in ("login", "name", "role", "state", "sees", "at the provider"):
        table.add_column(name, overflow="fold")
    for one in accounts(_open()):
        sees = "\n".join(one.grants) or "nothing"
        table.add_row(*(escape(text) for text in (one.login, one.name, one.role, one.state, sees, one.external_id)))
    out.print(table)


def _password(*, from_stdin: bool) -> str:
    """The password from standard input or typed twice unseen: never an argument, which others could read."""
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise SettingsError("There is nobody to ask for the password.", advice="Use --password-stdin.")
    typed: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    return typed
