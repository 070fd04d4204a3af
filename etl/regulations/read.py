"""All regulations as profiles: the shipped acts and the school's own folder, layered and in versions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from pathlib import Path

from etl.regulations.act_files import Act, RegulationError, read_act, read_acts
from etl.regulations.deadlines import DeadlineKind
from etl.regulations.profile import Layer, Level, Mention, Profile, Stated

SHIPPED_ACTS = Path(__file__).parent / "acts"

_EARLIEST = date.min
_HEIGHT = {Level.REGION: 2, Level.MUNICIPALITY: 1, Level.SCHOOL: 0}


def read_profiles(extra: Path | None = None) -> dict[str, list[Profile]]:
    """Profile id → its versions by `valid_from`, from the shipped acts and the TOML files of `extra`.

    `extra` may add profiles, versions of shipped ones (same id, another `valid_from`) and children.
    Raises RegulationError with file, key, value and what is allowed.
    """
    if extra is not None and not extra.is_dir():
        raise RegulationError(f"{extra} is not a folder.", advice="Create it or leave the setting empty.")
    return build_profiles(read_acts([SHIPPED_ACTS, *([extra] if extra is not None else [])]))


@dataclass
class Survey:
    """What a look at the files found: profiles as far as they can be built, and every file that cannot be used."""

    profiles: dict[str, list[Profile]]
    shipped_ids: frozenset[str]
    file_count: int
    problems: list[RegulationError] = field(default_factory=list)


def survey(extra: Path | None) -> Survey:
    """Like `read_profiles`, but goes on after a broken file; `extra` may be one file. For the linter.

    Where the files of `extra` do not fit together, only the shipped acts are left to look at.
    """
    shipped = read_acts([SHIPPED_ACTS])
    if extra is not None and not extra.exists():
        raise RegulationError(f"There is no {extra}.", advice="Name a regulation file or a folder of them.")
    paths = [] if extra is None else [extra] if extra.is_file() else sorted(extra.glob("*.toml"))
    problems, own = [], []
    for path in paths:
        try:
            own.append(read_act(path))
        except RegulationError as error:
            problems.append(error)
    try:
        profiles = build_profiles([*shipped, *own])
    except RegulationError as error:
        problems.append(error)
        profiles = build_profiles(shipped)
    ids = frozenset(act.layer.id for act in shipped)
    return Survey(profiles, ids, len(shipped) + len(paths), problems)


def build_profiles(acts: Sequence[Act]) -> dict[str, list[Profile]]:
    """Acts → profiles, parents beneath children. Pure. Raises RegulationError naming the file at fault."""
    versions: dict[str, list[Act]] = {}
    for act in acts:
        versions.setdefault(act.layer.id, []).append(act)
    for same_id in versions.values():
        same_id.sort(key=_starts)
        _refuse_twins(same_id)
    _refuse_wrong_parents(versions)
    chains = {profile_id: _versions_of(profile_id, versions) for profile_id in sorted(versions)}
    return {profile_id: _profiles(profile_id, stacks) for profile_id, stacks in chains.items()}


def profile_on(profiles: Mapping[str, Sequence[Profile]], profile_id: str, on: date) -> Profile:
    """The version in force on a date (the row's anchor date, annex P); the first covers everything earlier.

    Raises RegulationError for an id that is not installed and lists the installed ones (annex B18).
    """
    if not profiles.get(profile_id):
        installed = ", ".join(sorted(profiles))
        raise RegulationError(f"No regulation {profile_id!r}.", advice=f"Installed: {installed}.")
    first, *later = profiles[profile_id]
    return next((p for p in reversed(later) if p.valid_from is not None and p.valid_from <= on), first)


def _starts(act: Act) -> date:
    return act.layer.valid_from or _EARLIEST


def _refuse_twins(acts: Sequence[Act]) -> None:
    for earlier, later in pairwise(acts):
        if _starts(earlier) == _starts(later):
            when = earlier.layer.valid_from or "no valid_from"
            raise RegulationError(
                f"{later.path}: id = {later.layer.id!r} with {when} is already stated by {earlier.path}.",
                advice="Give the new version its own valid_from, or another id.",
            )


def _versions_of(profile_id: str, acts: Mapping[str, Sequence[Act]]) -> list[tuple[date, list[Act]]]:
    """(first day, acts from the highest layer to the lowest) for each stretch of time without a change."""
    own = acts[profile_id]
    first = _starts(own[0])
    above = {_starts(act) for ancestor in _ancestors(profile_id, acts) for act in acts[ancestor]}
    starts = {_starts(act) for act in own} | {start for start in above if start > first}
    stacks = [(start, _stack(profile_id, acts, start)) for start in sorted(starts)]
    # the first version of a layer covers what is older: its own first day changes nothing below it
    return [stacks[0], *(later for earlier, later in pairwise(stacks) if later[1] != earlier[1])]


def _ancestors(profile_id: str, acts: Mapping[str, Sequence[Act]]) -> set[str]:
    """Ids of every profile above, through any version."""
    found: set[str] = set()
    pending = [profile_id]
    while pending:
        parents = {act.parent for act in acts.get(pending.pop(), ()) if act.parent is not None}
        pending += sorted(parents - found)
        found |= parents
    return found


def _refuse_wrong_parents(acts: Mapping[str, Sequence[Act]]) -> None:
    """Unknown parents, parents of a lower level, circles."""
    for act in (act for versions in acts.values() for act in versions if act.parent is not None):
        parent = act.parent or ""
        at = f"{act.path}: parent = {parent!r}"
        if parent not in acts:
            raise RegulationError(f"{at} is not installed.", advice=f"Installed: {', '.join(sorted(acts))}.")
        if act.layer.id in _ancestors(act.layer.id, acts):
            raise RegulationError(f"{at} closes a circle.", advice="Name an act that does not lead back here.")
        for above in acts[parent]:
            if _HEIGHT[above.layer.level] < _HEIGHT[act.layer.level]:
                raise RegulationError(
                    f"{at} is of the lower level {above.layer.level}.",
                    advice="The order is region, municipality, school.",
                )


def _stack(profile_id: str, acts: Mapping[str, Sequence[Act]], on: date) -> list[Act]:
    stack: list[Act] = []
    at: str | None = profile_id
    while at is not None:
        act = next((one for one in reversed(acts[at]) if _starts(one) <= on), acts[at][0])
        stack.insert(0, act)
        at = act.parent
    return stack


def _profiles(profile_id: str, stacks: Sequence[tuple[date, list[Act]]]) -> list[Profile]:
    return [_profile(profile_id, number, start, stack) for number, (start, stack) in enumerate(stacks, start=1)]


def _profile(profile_id: str, version: int, start: date, stack: Sequence[Act]) -> Profile:
    own = stack[-1]
    parameters: dict[str, Stated] = {}
    overridden: dict[str, Stated] = {}
    mentions: dict[str, Mention] = {}
    layers: list[Layer] = []
    for act in stack:
        overridden |= {name: parameters[name] for name in act.parameters if name in parameters}
        parameters |= act.parameters
        mentions |= {mention.parameter: mention for mention in act.mentions}
        layers.append(act.layer)
    profile = Profile(
        id=profile_id,
        version=version,
        title=own.layer.title,
        valid_from=None if start == _EARLIEST else start,
        level=own.layer.level,
        source_system=next((act.source_system for act in reversed(stack) if act.source_system), ""),
        layers=tuple(layers),
        parameters=parameters,
        overridden=overridden,
        mentions=tuple(mention for name, mention in mentions.items() if name not in parameters),
    )
    _refuse_incoherence(own.path, profile)
    return profile


def _refuse_incoherence(path: Path, profile: Profile) -> None:
    """Values that only make sense together."""
    limits = [profile.deadline("homework_limit"), profile.deadline("homework_target")]
    anchored_on_bell = profile.word("homework_anchor") == "class_last_lesson_end"
    needs = [
        (
            any(limit is not None and limit.kind is DeadlineKind.HOURS for limit in limits) and not anchored_on_bell,
            "parameters.homework_limit counts hours from a date.",
            "State homework_anchor = class_last_lesson_end, or count in days.",
        ),
        (
            anchored_on_bell and profile.stated("homework_end_scope") is None,
            "parameters.homework_end_scope is missing.",
            "homework_anchor = class_last_lesson_end needs it: class, pupil_group.",
        ),
        (
            profile.word("period_mark_mode") == "days_after_end" and profile.count("period_mark_value") is None,
            "parameters.period_mark_value is missing.",
            "period_mark_mode = days_after_end needs the number of days.",
        ),
    ]
    for broken, what, advice in needs:
        if broken:
            raise RegulationError(f"{path}: {what}", advice=advice)
