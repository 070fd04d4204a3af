"""The sources' sentences, as the command line says them, with the keys of their Russian texts; `{x}` is a place."""

from __future__ import annotations

import re

_REMARKS = {
    "{n} line items of the categories {names} are marks without a work: {rest}": "load_told.line_items",
    "{n} marks of the types {names} belong to no work: {rest}": "load_told.types",
    "{n} names occur in two classes of one year of study: {rest}": "load_told.two_classes",
    "{n} period marks «н» were read as «н/а», not attested": "load_told.not_attested",
    "{n} pupils have a namesake in their own class: {rest}": "load_told.namesakes",
    "{n} pupils are in no list of their class any more: {rest}": "load_told.left",
    "{n} pupils are new in the lists of their class: {rest}": "load_told.came",
    "a newcomer of {name} has every entry of a pupil who left it: {rest}": "load_told.other_name",
    "one name left {old} and came to {new}: {rest}": "load_told.changed_class",
    "the same files were loaded before with other answers: {rest}": "load_told.again",
    "{n} times a day stands twice in a journal whose КТП does not say {rest}": "load_told.day_twice",
    "{file}, sheet {sheet}: {subject} of {name} has {n} blocks; they were joined day by day": "load_told.blocks",
    "{file}, sheet {sheet}: neither a journal nor a КТП; it was not read": "load_told.other_sheet",
    "{file}: {n} sheets are the journal of {subject} in {name}; {rest}": "load_told.twin_sheets",
    "no period is stated for the marks of «{column}» of grade {grade}: {rest}": "load_told.no_period",
    "no period is stated for the marks of «{column}: {rest}": "load_told.no_period_any",
    "reports of single pupils prove no deletion and no interval of entry; {rest}": "load_told.single_pupils",
    "the grade of {n} sections is not said {rest}": "load_told.no_grade",
    "the names of the files do not say when they were exported: {moment}, when {rest}": "load_told.saved_at",
    "the report sums {n} days: {rest}": "load_told.summed",
    "the school's act was not stated: {rest}": "load_told.no_act",
    "the time zone was not stated and is taken as {zone}": "load_told.zone",
    "recognised as {title}: sign-ins of {n} people from {first} to {last}, in {rest}": "load_told.sign_ins",
    "recognised as {title}: КТП of {n} journals with {lines} dated lines, in {rest}": "load_told.only_plans",
}
_REASONS = {
    "{n} such sessions in a year are neither quarters, trimesters nor half-years": "reject_told.sessions",
    "an absence from school for the day: {rest}": "reject_told.whole_day",
    "neither a mark nor an absence code of the contract": "reject_told.neither",
    "neither the sheet nor its file says the school year": "reject_told.no_year",
    "no day over it": "reject_told.no_day_over",
    "not a number of sign-ins": "reject_told.sign_ins",
    "not a day": "reject.date",
    "not a mark 1–5; state the scale {rest}": "reject_told.scale_unstated",
    "not a mark": "reject.mark",
    "refers to a class that is in no row": "reject_told.no_class_row",
    "refers to a gradebook entry that is in no accepted row": "reject_told.no_entry",
    "refers to a line item that is in no accepted row": "reject_told.no_entry",
    "refers to a section that is in no row": "reject_told.no_class_row",
    "the block of the КТП does not say its class": "reject_told.plan_class",
    "the block of the КТП does not say its school year": "reject_told.plan_year",
    "the block of the КТП does not say its {rest}": "reject_told.plan_subject",
    "the column is no period": "reject_told.no_period",
    "the columns are not there": "reject_told.no_columns",
    "the grid has no row of days": "reject_told.no_days",
    "the head of the column is neither a day nor a period": "reject_told.head",
    "the head of the column is no day of the school year": "reject_told.head_day",
    "the row of the cell names no pupil": "reject_told.no_pupil",
    "the line has homework and no date": "reject_told.no_date",
    "the sheet does not say its class as «7а (7а)»": "reject_told.sheet_class",
    "the sheet does not say its subject": "reject_told.sheet_subject",
    "the sheet has no rows «Месяц» and «Число»": "reject_told.sheet_rows",
    "the workbook cannot be read: {rest}": "reject_told.workbook",
    "there are neither four, three nor two of them in the year": "reject_told.periods",
    "days and codes of a class without lessons are no absences of lessons: {rest}": "reject_told.class_attendance",
    "the report is not one of StudentTotal, StudentGrades, StudentTotalMarks {rest}": "reject_told.other_report",
    "another report of this name, class and period says something else: {rest}": "reject_told.namesakes",
    "the score {score} is no mark by the scale": "reject_told.scale",
}
_FAILURES = {
    "{file} in {zip} is encrypted. {rest}": "upload_told.encrypted",
    "{file} would unpack from {rest}": "upload_told.bomb",
    "The zip holds a path that leaves it: {rest}": "upload_told.hostile",
    "{file} cannot be read: {rest} Save the report again.": "upload_told.report",
    "{file} cannot be read: {rest} Save the reports again.": "upload_told.report",
    "The files hold journals and a report of sign-ins. {rest}": "upload_told.mixed",
    "There are several reports of sign-ins. {rest}": "upload_told.several_reports",
    "No sheet could be read: {rest}": "upload_told.no_sheet",
    "No report of a pupil could be read. {rest}": "upload_told.no_report",
    "No report says «Состояние на …». {rest}": "upload_failed.moment",
    "The moment of the export is unknown. {rest}": "upload_failed.moment",
    "The files do not say the school year. {rest}": "upload_told.year",
    "A journal bundle is loaded by itself. {rest}": "upload_told.bundle_alone",
    "{file} is not in UTF-8{rest}": "upload_told.encoding",
    "{file} is in UTF-16, or is no text at all. {rest}": "upload_told.encoding",
    "{file} lacks the required columns {rest}": "upload_told.columns",
    "The bundle {name} lacks the required tables {rest}": "upload_told.tables",
    "The school is not there any more. {rest}": "upload_told.school_gone",
}


def _compiled(known: dict[str, str]) -> tuple[tuple[str, str], ...]:
    """A template as a pattern; of two that fit the longer one is asked first."""
    ordered = sorted(known.items(), key=lambda item: -len(item[0]))
    return tuple((re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>.+)", re.escape(template)), key) for template, key in ordered)


REMARKS, REASONS, FAILURES = map(_compiled, (_REMARKS, _REASONS, _FAILURES))
"""(pattern, key of the text)."""
