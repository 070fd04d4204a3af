from etl.coverage import BY_DAY, BY_INTERVAL, CANNOT, YES, coverage

TABLES = ("school", "school_class", "lesson", "mark", "absence", "period_mark", "period")


def test_a_rule_is_judged_as_exactly_as_the_moments_of_its_table_are_known() -> None:
    judged = coverage(TABLES, ("topics",), {"mark": "day", "lesson": "exact"})
    assert (judged["topic"], judged["mark"], judged["period_mark"]) == (YES, BY_DAY, BY_INTERVAL)


def test_what_the_source_lacks_cannot_be_told_and_content_needs_no_moment() -> None:
    judged = coverage(TABLES, (), {})
    assert (judged["homework"], judged["movement"], judged["topic"]) == (CANNOT, CANNOT, CANNOT)
    assert judged["mark_while_absent"] == YES
    assert coverage(TABLES, (), {}, {"mark_while_absent"})["mark_while_absent"] == CANNOT
