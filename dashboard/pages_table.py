"""Which pages exist and which role has which: the one table that the menu, the router and the access tests
read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Presence = Literal["menu", "link", "none"]

ROLES = (
    "director",
    "deputy",
    "coordinator",
    "administrator",
    "class_teacher",
    "teacher",
    "secretary",
    "inspector",
    "region",
)


@dataclass(frozen=True)
class PageRow:
    """One page: its route (`/school`), the key of its menu title, its icon, its module and who has it.

    `menu` roles see it in the menu; `link` roles reach it from another page; every other role is told that
    the page is closed for it. Rows are limited by the scope of the query, not by this table: hiding a page
    protects nothing.
    """

    route: str
    title_key: str
    icon: str
    module: str
    menu: frozenset[str]
    link: frozenset[str] = frozenset()

    def presence(self, role: str) -> Presence:
        """How the page appears for a role; an unknown role has nothing."""
        if role in self.menu:
            return "menu"
        return "link" if role in self.link else "none"


_SCHOOL_HEADS = frozenset({"director", "deputy", "coordinator"})
_TEACHERS = frozenset({"class_teacher", "teacher"})
_ABOVE = frozenset({"inspector", "region"})

# the order is the order of the menu; the first page of a role's menu is where it lands
PAGES: tuple[PageRow, ...] = (
    PageRow(
        "class",
        "page.class",
        ":material/groups_3:",
        "dashboard.views.my_class",
        frozenset({"class_teacher"}),
        link=_SCHOOL_HEADS,
    ),
    PageRow(
        "own",
        "page.own",
        ":material/checklist:",
        "dashboard.views.own",
        frozenset({"teacher"}),
        link=frozenset({"class_teacher"}),
    ),
    PageRow(
        "pupil",
        "page.pupil",
        ":material/person:",
        "dashboard.views.pupil",
        frozenset(),
        link=_SCHOOL_HEADS | frozenset({"class_teacher"}),
    ),
    PageRow("overview", "page.overview", ":material/location_city:", "dashboard.views.overview", _ABOVE),
    PageRow(
        "school",
        "page.school",
        ":material/school:",
        "dashboard.views.school",
        _SCHOOL_HEADS | _TEACHERS,
        link=frozenset({"inspector"}),
    ),
    PageRow(
        "filling",
        "page.filling",
        ":material/edit_note:",
        "dashboard.views.filling",
        _TEACHERS,
        link=_SCHOOL_HEADS,  # one button away from the school's page, which opens first
    ),
    PageRow(
        "programme",
        "page.programme",
        ":material/format_list_numbered:",
        "dashboard.views.programme",
        frozenset(),
        link=_SCHOOL_HEADS,
    ),
    PageRow(
        "contingent",
        "page.contingent",
        ":material/groups:",
        "dashboard.views.contingent",
        frozenset({"secretary"}),
        link=_SCHOOL_HEADS,
    ),
    PageRow(
        "activity",
        "page.activity",
        ":material/login:",
        "dashboard.views.activity",
        frozenset({"administrator"}),
        link=_SCHOOL_HEADS,
    ),
    PageRow(
        "journal",
        "page.journal",
        ":material/menu_book:",
        "dashboard.views.journal",
        frozenset(),
        link=_SCHOOL_HEADS | _TEACHERS,
    ),
    PageRow(
        "attendance",
        "page.attendance",
        ":material/event_available:",
        "dashboard.views.attendance",
        _SCHOOL_HEADS | _TEACHERS | frozenset({"inspector"}),
        link=frozenset({"region"}),
    ),
    PageRow(
        "performance",
        "page.performance",
        ":material/grade:",
        "dashboard.views.performance",
        _SCHOOL_HEADS | _TEACHERS | frozenset({"inspector"}),
        link=frozenset({"region"}),
    ),
    PageRow(
        "findings",
        "page.findings",
        ":material/flag:",
        "dashboard.views.findings",
        _SCHOOL_HEADS,
        link=_TEACHERS,
    ),
    PageRow(
        "checks",
        "page.checks",
        ":material/fact_check:",
        "dashboard.views.checks",
        _ABOVE | frozenset({"administrator"}),
        link=_SCHOOL_HEADS,
    ),
    PageRow(
        "regulation",
        "page.regulation",
        ":material/gavel:",
        "dashboard.views.regulation",
        _SCHOOL_HEADS | _TEACHERS | _ABOVE | frozenset({"administrator"}),
        link=frozenset({"secretary"}),
    ),
    PageRow(
        "loads",
        "page.loads",
        ":material/database:",
        "dashboard.views.loads",
        _SCHOOL_HEADS | _ABOVE | frozenset({"administrator"}),
    ),
    PageRow("guide", "page.guide", ":material/help:", "dashboard.views.guide", frozenset(ROLES)),
)
SECTIONS = ("school", "class", "filling", "attendance", "performance", "programme", "contingent", "activity")
"""Routes of the pages about one school, in the order in which they are offered beside each other."""
BY_ROUTE: dict[str, PageRow] = {row.route: row for row in PAGES}


def menu_of(role: str) -> tuple[PageRow, ...]:
    """Pages in the role's menu, in order; empty for an unknown role."""
    return tuple(row for row in PAGES if row.presence(role) == "menu")


def is_open(route: str, role: str) -> bool:
    """Whether the role may open the page at all."""
    return route in BY_ROUTE and BY_ROUTE[route].presence(role) != "none"
