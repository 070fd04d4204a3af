"""Journals of a school for readers above it, without persons"""

from __future__ import annotations

from alembic import op

revision = '0012'
down_revision = '0011'
branch_labels = None
depends_on = None


_USER = "(SELECT nullif(current_setting('app.user_id', true), '')::int)"
JOURNAL_VIEW = f"""
CREATE VIEW journal_duty WITH (security_barrier = true) AS
SELECT m.school_id, m.school_year, m.class_id, m.journal_id, m.week_on, m.month_on, m.rule, m.status, m.excluded,
       m.is_required, m.is_made, m.is_due, sum(m.row_count)::int AS row_count
FROM mart_duty_week m
WHERE m.journal_id IS NOT NULL AND m.school_id = ANY (ARRAY(SELECT a.school_id FROM access_row a
    WHERE a.user_id = {_USER} AND a.level IN ('aggregate', 'school')))
GROUP BY m.school_id, m.school_year, m.class_id, m.journal_id, m.week_on, m.month_on, m.rule, m.status, m.excluded,
       m.is_required, m.is_made, m.is_due
"""


def upgrade() -> None:
    op.execute(JOURNAL_VIEW)


def downgrade() -> None:
    op.execute('DROP VIEW journal_duty')
