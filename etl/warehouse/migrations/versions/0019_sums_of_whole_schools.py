"""Sums of whole schools for readers above them: lags, programme, cards, sign-ins, reviews, critical findings"""

from __future__ import annotations

from alembic import op
import sqlalchemy as sa

revision = '0019'
down_revision = '0018'
branch_labels = None
depends_on = None


_MARKS = {
    'marked_lesson_count': 'lessons with a grade',
    'mark_count': 'grades given at them',
    'digit_count': 'of them digits',
    'digit_sum': 'sum of the digits',
}
_BEFORE = 'one row per journal and day of lessons: attendance as it is known where the data end'
_NOW = 'one row per journal and day of lessons: attendance and current marks as they are known where the data end'


def upgrade() -> None:
    op.create_table('mart_lag_school',
    sa.Column('school_id', sa.Integer(), nullable=False, comment='school (dim_school)'),
    sa.Column('week_on', sa.Date(), nullable=True, comment='Monday of the anchor day'),
    sa.Column('month_on', sa.Date(), nullable=True, comment="first day of the anchor day's month"),
    sa.Column('row_count', sa.Integer(), nullable=False, comment='ledger rows'),
    sa.Column('school_year', sa.SmallInteger(), nullable=False, comment='first calendar year of the school year'),
    sa.Column('rule', sa.SmallInteger(), nullable=False, comment='rule'),
    sa.Column('lag_low', sa.SmallInteger(), nullable=True, comment='least days to the entry, 31 = over 30; null = none'),
    sa.Column('lag_high', sa.SmallInteger(), nullable=True, comment='most days to the entry, 31 = over 30; null = none'),
    sa.Column('rush', sa.SmallInteger(), nullable=True, comment='as in mart_duty_lag'),
    sa.Column('is_told', sa.Boolean(), nullable=False, comment='the source can tell whether the entry is there'),
    comment='mart_duty_lag without class, journal and person: what a municipal reader compares'
    )
    op.create_index('ix_mart_lag_school_school', 'mart_lag_school', ['school_id', 'school_year'], unique=False)
    op.create_table('mart_programme_journal',
    sa.Column('school_id', sa.Integer(), nullable=False, comment='school (dim_school)'),
    sa.Column('school_year', sa.SmallInteger(), nullable=False, comment='first calendar year of the school year'),
    sa.Column('class_id', sa.Integer(), nullable=False, comment='class'),
    sa.Column('journal_id', sa.Integer(), nullable=False, comment='journal with a dated plan'),
    sa.Column('week_on', sa.Date(), nullable=False, comment='Monday of the days'),
    sa.Column('month_on', sa.Date(), nullable=False, comment='first day of their month'),
    sa.Column('planned_count', sa.Float(), nullable=False, comment='hours of the dated plan, until the data end'),
    sa.Column('held_count', sa.Integer(), nullable=False, comment='lessons held'),
    comment='one row per journal and week: hours planned and lessons held where the data end, no person'
    )
    op.create_index('ix_mart_programme_journal_school', 'mart_programme_journal', ['school_id', 'school_year'], unique=False)
    op.create_table('mart_card_school',
    sa.Column('school_id', sa.Integer(), nullable=False, comment='school (dim_school)'),
    sa.Column('school_year', sa.SmallInteger(), nullable=False, comment='first calendar year of the school year'),
    sa.Column('filled_count', sa.Integer(), nullable=False, comment='fields that are filled; 0 in the row of whole cards'),
    sa.Column('field_count', sa.Integer(), nullable=False, comment='fields'),
    sa.Column('complete_count', sa.Integer(), nullable=False, comment='cards without an empty field; 0 in the row of a field'),
    sa.Column('card_count', sa.Integer(), nullable=False, comment='cards'),
    sa.Column('owner_kind', sa.Text(), nullable=False, comment='school, staff, pupil, parent'),
    sa.Column('field', sa.Text(), nullable=True, comment='field; null = whole cards'),
    comment='one row per kind of card and field, where the data end: how many are filled, no person'
    )
    op.create_index('ix_mart_card_school_school', 'mart_card_school', ['school_id', 'school_year'], unique=False)
    op.create_table('mart_activity_month',
    sa.Column('school_id', sa.Integer(), nullable=False, comment='school (dim_school)'),
    sa.Column('school_year', sa.SmallInteger(), nullable=False, comment='first calendar year of the school year'),
    sa.Column('month_on', sa.Date(), nullable=False, comment='first day of the month'),
    sa.Column('account_count', sa.Integer(), nullable=False, comment='accounts in use in the month'),
    sa.Column('user_count', sa.Integer(), nullable=False, comment='of them with a sign-in'),
    sa.Column('login_count', sa.Integer(), nullable=False, comment='their sign-ins'),
    sa.Column('day_count', sa.Integer(), nullable=False, comment='days of the month until the data end'),
    sa.Column('role', sa.Text(), nullable=False, comment='staff, pupil, parent'),
    sa.PrimaryKeyConstraint('school_id', 'school_year', 'month_on', 'role', name=op.f('pk_mart_activity_month')),
    comment='one row per month and role: accounts and sign-ins, no person (003 А-2.3)'
    )
    op.create_table('mart_review_month',
    sa.Column('school_id', sa.Integer(), nullable=False, comment='school (dim_school)'),
    sa.Column('school_year', sa.SmallInteger(), nullable=False, comment='first calendar year of the school year'),
    sa.Column('month_on', sa.Date(), nullable=False, comment='first day of the month'),
    sa.Column('class_count', sa.Integer(), nullable=False, comment='classes'),
    sa.Column('reviewed_count', sa.Integer(), nullable=False, comment='of them with a tick of a review of personal data'),
    sa.PrimaryKeyConstraint('school_id', 'school_year', 'month_on', name=op.f('pk_mart_review_month')),
    comment='one row per month since the first tick of a review: classes reviewed, at the last derivation (000 П-5.4)'
    )
    op.create_table('finding_critical',
    sa.Column('school_id', sa.Integer(), nullable=False, comment='school (dim_school)'),
    sa.Column('school_year', sa.SmallInteger(), nullable=False, comment='first calendar year of the school year'),
    sa.Column('anchor_on', sa.Date(), nullable=True, comment='event day'),
    sa.Column('opened_on', sa.Date(), nullable=False, comment='local day from whose end the violation was there'),
    sa.Column('closed_on', sa.Date(), nullable=True, comment='local day of the entry that repaired it; null = open'),
    sa.Column('row_count', sa.Integer(), nullable=False, comment='findings'),
    comment='critical findings of a school by day, no person: how many were open at the end of any day; rewritten by every run of the checks'
    )
    op.create_index('ix_finding_critical_school', 'finding_critical', ['school_id', 'school_year'], unique=False)
    for name, comment in _MARKS.items():
        op.add_column('mart_attendance_day', sa.Column(name, sa.Integer(), nullable=False, server_default='0', comment=comment))
        op.alter_column('mart_attendance_day', name, server_default=None)
    op.create_table_comment('mart_attendance_day', _NOW, existing_comment=_BEFORE)
    # schools that are loaded already are derived anew by the next load, derivation or start
    op.execute("UPDATE judgement SET fingerprint = 'before 0019' WHERE judgement_id = 0")


def downgrade() -> None:
    op.create_table_comment('mart_attendance_day', _BEFORE, existing_comment=_NOW)
    for name in _MARKS:
        op.drop_column('mart_attendance_day', name)
    op.drop_table('finding_critical')
    op.drop_table('mart_review_month')
    op.drop_table('mart_activity_month')
    op.drop_table('mart_card_school')
    op.drop_table('mart_programme_journal')
    op.drop_table('mart_lag_school')
