"""`zavuch regulations`: look at the acts before trusting them. It only reads files; the database is not asked."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from etl.cli_print import example, out
from etl.errors import SettingsError
from etl.regulations.lint import difference, laxer, unregulated_rules, unstated
from etl.regulations.parameters import PARAMETERS
from etl.regulations.profile import Profile, Stated
from etl.regulations.read import read_profiles, survey
from etl.regulations.words import cited, clause_words, span_words, stated_words, value_words
from etl.settings import read_settings

regulations = typer.Typer(no_args_is_help=True, help="The schools' acts as data: lint, list, show, diff.")
BROKEN = 2
"""Exit code where a file cannot be used; what an act leaves unsaid is no fault and gives 0."""


@regulations.command(epilog=example("zavuch regulations lint --path my-school.toml"))
def lint(
    ids: Annotated[list[str] | None, typer.Argument(help="Ids of regulations; all of them without any.")] = None,
    path: Annotated[
        Path | None, typer.Option(help="A file or folder to try out instead of the configured folder.")
    ] = None,
) -> None:
    """Check the files, list what each act leaves unsaid, where it is laxer than its parent, and rules it does not set.

    The exit code is 2 when a file cannot be used, and 0 whatever the acts leave unsaid.
    """
    found = survey(path or read_settings().regulations)
    for broken in found.problems:
        out.print(f"[red]{broken.message}[/red] {broken.advice}", highlight=False, soft_wrap=True)
    own_first = sorted(found.profiles, key=lambda profile_id: (profile_id in found.shipped_ids, profile_id))
    for profile_id in ids or own_first:
        if profile_id not in found.profiles:
            raise _unknown(profile_id, found.profiles)
        for profile in found.profiles[profile_id]:
            _lint_one(found.profiles[profile_id], profile)
    out.print(f"\n{found.file_count} files; {len(found.problems)} cannot be used.", highlight=False)
    if found.problems:
        raise typer.Exit(BROKEN)


def _lint_one(versions: list[Profile], profile: Profile) -> None:
    _heading(versions, profile)
    weaker = laxer(profile)
    if weaker:
        table = _table(f"Laxer than the layer above ({len(weaker)}); the lower one holds all the same")
        for name in ("parameter", "here", "clause", "above", "clause above"):
            table.add_column(name, overflow="fold")
        for one in weaker:
            _add(
                table,
                one.parameter,
                stated_words(one.parameter, one.own),
                clause_words(one.own),
                stated_words(one.parameter, one.above),
                f"{one.above.layer}: {clause_words(one.above)}",
            )
        out.print(table)
    elif profile.parent:
        out.print(f"Nowhere laxer than its parent {profile.parent}.", highlight=False)
    silent = unregulated_rules(profile)
    rules = ", ".join(silent) if silent else "none"
    out.print(f"Rules it does not regulate ({len(silent)}): {rules}.", highlight=False)
    unsaid = unstated(profile)
    table = _table(f"Left unsaid ({len(unsaid)} of {len(PARAMETERS)} parameters)")
    for name in ("parameter", "meaning", "silence is read as", "rules it would regulate", "mentioned without a value"):
        table.add_column(name, overflow="fold")
    for gap in unsaid:
        parameter = PARAMETERS[gap.parameter]
        means = "no demand of its own" if gap.default is None else f"{value_words(parameter, gap.default)} (annex P)"
        mention = f"{gap.mention.clause.number}: «{gap.mention.clause.quotation}»" if gap.mention else ""
        _add(table, gap.parameter, parameter.meaning, means, ", ".join(gap.rules), mention)
    out.print(table)


@regulations.command("list", epilog=example("zavuch regulations list"))
def list_acts() -> None:
    """List the acts that are installed: the shipped ones and those of the configured folder."""
    folder = read_settings().regulations
    profiles = read_profiles(folder)
    table = _table(f"{len(profiles)} regulations; own folder: {folder or 'none (ZAVUCH_REGULATIONS)'}")
    for name in ("id", "version", "level", "in force from", "parent", "stated", "unsaid", "act"):
        table.add_column(name, overflow="fold")
    for versions in profiles.values():
        for profile in versions:
            _add(
                table,
                profile.id,
                str(profile.version),
                str(profile.level),
                f"{profile.valid_from or 'no date'}{' and before' if profile.version == 1 else ''}",
                profile.parent or "",
                str(len(profile.parameters)),
                str(len(unstated(profile))),
                _act(profile),
            )
    out.print(table)


@regulations.command(epilog=example("zavuch regulations show school53_krasnodar"))
def show(
    profile_id: Annotated[str, typer.Argument(metavar="ID", help="Id of a regulation; ID@2 = its second version.")],
) -> None:
    """Show an act: every parameter in words with its value, clause, quotation, first day and the act it comes from."""
    profiles = read_profiles(read_settings().regulations)
    profile = _find(profiles, profile_id)
    _heading(profiles[profile.id], profile)
    starts = {layer.id: layer.valid_from for layer in profile.layers}
    table = _table(f"Stated: {len(profile.parameters)} of {len(PARAMETERS)} parameters")
    for name in ("parameter", "value", "clause", "quotation"):
        table.add_column(name, overflow="fold")
    for name in PARAMETERS:
        stated = profile.stated(name)
        if stated is not None:
            since = starts[stated.layer] or "no date"
            _add(
                table,
                f"{name}\n{PARAMETERS[name].meaning}",
                f"{stated_words(name, stated)} ({stated.severity}){f'{chr(10)}{stated.note}' if stated.note else ''}",
                f"{clause_words(stated)}\n{stated.layer}, valid from {since}",
                f"«{stated.clause.quotation}»" if stated.clause else "",
            )
    out.print(table)
    for mention in profile.mentions:
        out.print(
            f"Mentioned without a value that can be judged: {mention.parameter}, {cited(mention.clause)}:"
            f" «{mention.clause.quotation}» {mention.note}",
            highlight=False,
            soft_wrap=True,
        )
    names = ", ".join(gap.parameter for gap in unstated(profile))
    out.print(f"Left unsaid: {names or 'nothing'}.", highlight=False)


@regulations.command(epilog=example("zavuch regulations diff school7_oktyabrsky school16_korolev"))
def diff(
    first: Annotated[str, typer.Argument(metavar="A", help="Id of a regulation; ID@2 = its second version.")],
    second: Annotated[str, typer.Argument(metavar="B", help="The other one.")],
) -> None:
    """Show which parameters two acts, or two versions of one act, answer differently, with both clauses."""
    profiles = read_profiles(read_settings().regulations)
    one, other = _find(profiles, first), _find(profiles, second)
    differing = difference(one, other)
    for profile in (one, other):
        _heading(profiles[profile.id], profile)
    if not differing:
        out.print("The two say the same.")
        return
    table = _table(f"They differ in {len(differing)} of {len(PARAMETERS)} parameters")
    for name in ("parameter", "meaning", f"{one.id}@{one.version}", f"{other.id}@{other.version}"):
        table.add_column(name, overflow="fold")
    for line in differing:
        _add(
            table,
            line.parameter,
            PARAMETERS[line.parameter].meaning,
            _side(line.parameter, line.first),
            _side(line.parameter, line.second),
        )
    out.print(table)


def _side(name: str, stated: Stated | None) -> str:
    clause = clause_words(stated)
    return f"{stated_words(name, stated)}{f' [{clause}]' if clause else ''}"


def _heading(versions: list[Profile], profile: Profile) -> None:
    out.print(
        f"\n[bold]{profile.id}[/bold], version {profile.version} of {len(versions)}: {_act(profile)}", highlight=False
    )
    out.print(span_words(versions, profile), highlight=False)
    if profile.parent:
        above = " → ".join(layer.id for layer in profile.layers)
        out.print(f"Layers, the lowest wins: {above}.", highlight=False)


def _act(profile: Profile) -> str:
    layer = profile.layers[-1]
    when = f"of {layer.act_date}" if layer.act_date else ""
    return ", ".join(part for part in (profile.title, f"{layer.act_number} {when}".strip()) if part)


def _find(profiles: dict[str, list[Profile]], wanted: str) -> Profile:
    """`ID` is its newest version, `ID@2` the second. Raises SettingsError with what there is."""
    profile_id, _, number = wanted.partition("@")
    versions = profiles.get(profile_id)
    if not versions:
        raise _unknown(profile_id, profiles)
    if not number:
        return versions[-1]
    found = next((one for one in versions if str(one.version) == number), None)
    if found is None:
        raise SettingsError(
            f"The regulation {profile_id!r} has no version {number!r}.",
            advice=f"Versions: 1 to {len(versions)}.",
        )
    return found


def _unknown(profile_id: str, profiles: dict[str, list[Profile]]) -> SettingsError:
    return SettingsError(f"There is no regulation {profile_id!r}.", advice=f"Installed: {', '.join(sorted(profiles))}.")


def _table(title: str) -> Table:
    return Table(title=title, title_justify="left", show_lines=True)


def _add(table: Table, *cells: str) -> None:
    """A row of texts: what an act says is never read as markup."""
    table.add_row(*map(escape, cells))
