"""Which pages exist and which role has which, to see and to act: the one table that the menu, the router, the users'
guide and the access tests read. A page without a row, or a role without a word in it, is closed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from dashboard.filters import Filters
from etl.warehouse.policies import ABOVE, DECIDERS, LOG_READERS
from etl.warehouse.roles import ROLES as ROLES
from etl.warehouse.scope import Scope

Presence = Literal["menu", "link", "none"]
Group = Literal["school", "learning", "control", "system"]
GROUPS: tuple[Group, ...] = ("school", "learning", "control", "system")
"""How a long menu is divided, in order (`menu.*` in the texts)."""
LONGEST_MENU = 7
"""More pages than this stand in groups (design, «Top navigation»)."""
Names = Literal["always", "class", "never"]


@dataclass(frozen=True)
class PageRow:
    """One page: its route (`/school`), the key of its menu title, its icon, its module and who has it.

    `menu` roles see it in the menu; `link` roles reach it from another page; every other role is told that
    the page is closed for it. `act` roles may change something there: a word about a finding, a wish, a register.
    `names` says when pupils stand there by name, which the access log notes: always, once a class is chosen, never.
    Rows are limited by the scope of the query, not by this table: hiding a page protects nothing.
    """

    route: str
    title_key: str
    icon: str
    module: str
    menu: frozenset[str]
    link: frozenset[str] = frozenset()
    act: frozenset[str] = frozenset()
    group: Group = "school"
    names: Names = "never"

    def presence(self, role: str) -> Presence:
        """How the page appears for a role; an unknown role has nothing."""
        if role in self.menu:
            return "menu"
        return "link" if role in self.link else "none"

    def shows_pupils(self, filters: Filters, scope: Scope) -> bool:
        """Whether pupils stand on the page by name at this position; a class teacher's own class needs no choosing."""
        is_class = filters.class_id is not None or scope.level == "class"
        return not scope.is_above and (self.names == "always" or (self.names == "class" and is_class))


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
        names="always",
    ),
    PageRow(
        "own",
        "page.own",
        ":material/checklist:",
        "dashboard.views.own",
        frozenset({"teacher"}),
        link=frozenset({"class_teacher"}),
        names="always",
    ),
    PageRow(
        "pupil",
        "page.pupil",
        ":material/person:",
        "dashboard.views.pupil",
        frozenset(),
        link=_SCHOOL_HEADS | frozenset({"class_teacher"}),
        names="always",
    ),
    PageRow("overview", "page.overview", ":material/location_city:", "dashboard.views.overview", _ABOVE),
    PageRow("comparison", "page.comparison", ":material/balance:", "dashboard.views.comparison", _ABOVE),
    PageRow(
        "monitoring",
        "page.monitoring",
        ":material/table_chart:",
        "dashboard.views.monitoring",
        frozenset(),
        link=_ABOVE,  # a button of the municipality and of the comparison: seven pages are in a menu at most
    ),
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
        "reports",
        "page.reports",
        ":material/summarize:",
        "dashboard.views.reports",
        frozenset(),
        link=_SCHOOL_HEADS | frozenset({"class_teacher", "administrator", "secretary"}),
        names="class",
    ),
    PageRow(
        "constructor",
        "page.constructor",
        ":material/pivot_table_chart:",
        "dashboard.views.constructor",
        frozenset(),
        link=_SCHOOL_HEADS | _TEACHERS,  # a button beside the pages of the school
        act=_SCHOOL_HEADS | _TEACHERS,
    ),
    PageRow(
        "journal",
        "page.journal",
        ":material/menu_book:",
        "dashboard.views.journal",
        frozenset(),
        link=_SCHOOL_HEADS | _TEACHERS,
        names="always",
    ),
    PageRow(
        "attendance",
        "page.attendance",
        ":material/event_available:",
        "dashboard.views.attendance",
        _SCHOOL_HEADS | _TEACHERS,
        link=_ABOVE,  # a button of the comparison of schools: seven pages are in a menu at most
        group="learning",
        names="class",
    ),
    PageRow(
        "performance",
        "page.performance",
        ":material/grade:",
        "dashboard.views.performance",
        _SCHOOL_HEADS | _TEACHERS,
        link=_ABOVE,  # a button of the comparison of schools: seven pages are in a menu at most
        group="learning",
        names="class",
    ),
    PageRow(
        "findings",
        "page.findings",
        ":material/flag:",
        "dashboard.views.findings",
        _SCHOOL_HEADS,
        link=_TEACHERS,
        act=frozenset(DECIDERS),
        group="control",
        names="always",
    ),
    PageRow(
        "control",
        "page.control",
        ":material/assignment_turned_in:",
        "dashboard.views.control",
        frozenset(),
        link=_SCHOOL_HEADS,  # a button beside the findings
        act=frozenset(DECIDERS),
        group="control",
    ),
    PageRow(
        "checks",
        "page.checks",
        ":material/fact_check:",
        "dashboard.views.checks",
        _ABOVE | frozenset({"administrator"}),
        link=_SCHOOL_HEADS,
        group="control",
    ),
    PageRow(
        "regulation",
        "page.regulation",
        ":material/gavel:",
        "dashboard.views.regulation",
        _SCHOOL_HEADS | _TEACHERS | _ABOVE | frozenset({"administrator"}),
        link=frozenset({"secretary"}),
        act=frozenset((*DECIDERS, *ABOVE)),
        group="control",
    ),
    PageRow(
        "corrections",
        "page.corrections",
        ":material/edit_off:",
        "dashboard.views.corrections",
        frozenset(),
        link=_SCHOOL_HEADS,  # a button of the findings and of the registers
        group="control",
        names="always",
    ),
    PageRow(
        "registers",
        "page.registers",
        ":material/inventory:",
        "dashboard.views.registers",
        frozenset({"administrator", "secretary"}),
        link=_SCHOOL_HEADS | frozenset({"class_teacher"}),  # their menus are full: a button of the school and the class
        act=_SCHOOL_HEADS | frozenset({"administrator", "secretary", "class_teacher"}),
        group="control",
        names="always",
    ),
    PageRow(
        "duties",
        "page.duties",
        ":material/event_note:",
        "dashboard.views.duties",
        frozenset(),
        link=_SCHOOL_HEADS | frozenset({"administrator"}),  # a button of the registers
        group="control",
    ),
    PageRow(
        "loads",
        "page.loads",
        ":material/database:",
        "dashboard.views.loads",
        _SCHOOL_HEADS | _ABOVE | frozenset({"administrator"}),
        group="system",
    ),
    PageRow(
        "access_log",
        "page.access_log",
        ":material/visibility:",
        "dashboard.views.access_log",
        frozenset(),
        link=frozenset(LOG_READERS),
        group="system",
        names="always",
    ),
    PageRow(
        "digests",
        "page.digests",
        ":material/mail:",
        "dashboard.views.digests",
        frozenset(),
        link=frozenset({"director", "deputy", "coordinator", "class_teacher", "teacher", "inspector"}),
        act=frozenset({"director", "deputy", "coordinator", "class_teacher", "teacher", "inspector"}),
        group="system",
    ),
    PageRow("guide", "page.guide", ":material/help:", "dashboard.views.guide", frozenset(ROLES), group="system"),
)
SECTIONS = (
    "school", "class", "filling", "attendance", "performance", "programme", "contingent", "activity", "reports",
    "constructor",
)  # fmt: skip
"""Routes of the pages about one school, in the order in which they are offered beside each other."""
CONTROL_SECTIONS = ("findings", "control", "corrections", "registers", "duties")
"""Routes of the pages of control, offered beside each other."""
BY_ROUTE: dict[str, PageRow] = {row.route: row for row in PAGES}


def menu_of(role: str) -> tuple[PageRow, ...]:
    """Pages in the role's menu, in order; empty for an unknown role."""
    return tuple(row for row in PAGES if row.presence(role) == "menu")


def is_open(route: str, role: str) -> bool:
    """Whether the role may open the page at all."""
    return route in BY_ROUTE and BY_ROUTE[route].presence(role) != "none"


def may_act(route: str, role: str) -> bool:
    """Whether the role may change something on a page that it may open."""
    return is_open(route, role) and role in BY_ROUTE[route].act


def in_groups(rows: tuple[PageRow, ...]) -> tuple[tuple[Group, tuple[PageRow, ...]], ...]:
    """The pages by group, in the order of the groups; empty groups are left out."""
    found = ((group, tuple(row for row in rows if row.group == group)) for group in GROUPS)
    return tuple((group, members) for group, members in found if members)
