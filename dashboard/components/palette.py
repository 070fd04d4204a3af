"""Colours with a meaning: the alert scale of shares, statuses; both themes, each pair checked for contrast
by a test.

Alert scale: a full cell fades into the page, a gap stands out. Lightness falls (in the dark theme: rises)
with every step, so the scale survives greyscale printing and colour blindness.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Step:
    """Shares from `at_least` upwards: background and text of a cell in the light and in the dark theme."""

    at_least: float
    light: tuple[str, str]
    dark: tuple[str, str]


INK, PAPER = "#0E1622", "#FFFFFF"
NIGHT_INK, NIGHT_TEXT = "#0B0F15", "#F1F4F8"
# worst last; absolute, so that two pages can be compared
ALERT: tuple[Step, ...] = (
    Step(1.0, ("#EEF4F1", INK), ("#172320", NIGHT_TEXT)),
    Step(0.95, ("#FDF1D8", INK), ("#2A2718", NIGHT_TEXT)),
    Step(0.9, ("#FBE2AE", INK), ("#3D321A", NIGHT_TEXT)),
    Step(0.85, ("#F8CD86", INK), ("#533C1B", NIGHT_TEXT)),
    Step(0.8, ("#F4B365", INK), ("#6C451D", NIGHT_TEXT)),
    Step(0.7, ("#EC9450", INK), ("#8A4E20", NIGHT_TEXT)),
    Step(0.6, ("#E07443", INK), ("#AE5626", NIGHT_TEXT)),
    Step(0.5, ("#C24C32", PAPER), ("#E07B4C", NIGHT_INK)),
    Step(0.3, ("#9F2F26", PAPER), ("#F29A77", NIGHT_INK)),
    Step(0.0, ("#7A1719", PAPER), ("#FFBBA3", NIGHT_INK)),
)
FEW = 5  # below this a share is hatched and not compared


def step_of(share: float) -> int:
    """Index in `ALERT` of a share from 0 to 1; only a whole 1 is full."""
    return next(index for index, step in enumerate(ALERT) if share >= step.at_least)


def alert_css() -> str:
    """Classes `a0` (full) … `a9` (empty) for both themes; printing always takes the light ones."""
    light = "".join(f".a{i}{{background-color:{s.light[0]};color:{s.light[1]}}}" for i, s in enumerate(ALERT))
    dark = "".join(f".dark .a{i}{{background-color:{s.dark[0]};color:{s.dark[1]}}}" for i, s in enumerate(ALERT))
    printed = "".join(f".dark .a{i}{{background-color:{s.light[0]};color:{s.light[1]}}}" for i, s in enumerate(ALERT))
    return f"{light}{dark}@media print{{{printed}}}"
