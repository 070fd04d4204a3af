"""Marts of attendance and of marks"""

from __future__ import annotations

from alembic import op
import sqlalchemy as sa


revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('mart_absence_spread',
    sa.Column('school_id', sa.Integer(), nullable=False, comment='school (dim_school)'),
    sa.Column('school_year', sa.SmallInteger(), nullable=False, comment='first calendar year of the school year'),
    sa.Column('class_id', sa.Integer(), nullable=False, comment='class'),
    sa.Column('month_on', sa.Date(), nullable=False, comment='first day of the month'),
    sa.Column('step', sa.SmallInteger(), nullable=False, comment="twentieths of the month's lessons missed, rounded down"),
    sa.Column('pupil_count', sa.Integer(), nullable=False, comment='pupils'),
    comment='one row per class, month and share of lessons missed: how many pupils, no person'
    )
    op.create_index('ix_mart_absence_spread_school', 'mart_absence_spread', ['school_id', 'school_year'], unique=False)
    op.create_table('mart_attendance_day',
    sa.Column('school_id', sa.Integer(), nullable=False, comment='school (dim_school)'),
    sa.Column('school_year', sa.SmallInteger(), nullable=False, comment='first calendar year of the school year'),
    sa.Column('class_id', sa.Integer(), nullable=False, comment='class'),
    sa.Column('journal_id', sa.Integer(), nullable=False, comment='journal'),
    sa.Column('held_on', sa.Date(), nullable=False, comment='day of the lessons'),
    sa.Column('held_count', sa.Integer(), nullable=False, comment='held lessons'),
    sa.Column('slot_count', sa.Integer(), nullable=False, comment='pupil × held lesson'),
    sa.Column('missed_count', sa.Integer(), nullable=False, comment='of them missed'),
    sa.Column('missed_illness_count', sa.Integer(), nullable=False, comment='missed through illness'),
    sa.Column('missed_valid_count', sa.Integer(), nullable=False, comment='missed with another valid reason'),
    sa.Column('missed_invalid_count', sa.Integer(), nullable=False, comment='missed without a valid reason'),
    sa.Column('missed_unknown_count', sa.Integer(), nullable=False, comment='missed, reason not known'),
    sa.Column('late_count', sa.Integer(), nullable=False, comment='came late'),
    sa.Column('stray_count', sa.Integer(), nullable=False, comment='absences of pupils who are not in the journal that day: outside the shares'),
    comment='one row per journal and day of lessons: attendance as it is known where the data end'
    )
    op.create_index('ix_mart_attendance_day_school', 'mart_attendance_day', ['school_id', 'school_year'], unique=False)
    op.create_table('mart_attendance_school',
    sa.Column('school_id', sa.Integer(), nullable=False, comment='school (dim_school)'),
    sa.Column('school_year', sa.SmallInteger(), nullable=False, comment='first calendar year of the school year'),
    sa.Column('held_on', sa.Date(), nullable=False, comment='day of the lessons'),
    sa.Column('held_count', sa.Integer(), nullable=False, comment='held lessons'),
    sa.Column('slot_count', sa.Integer(), nullable=False, comment='pupil × held lesson'),
    sa.Column('missed_count', sa.Integer(), nullable=False, comment='of them missed'),
    sa.Column('missed_illness_count', sa.Integer(), nullable=False, comment='missed through illness'),
    sa.Column('missed_valid_count', sa.Integer(), nullable=False, comment='missed with another valid reason'),
    sa.Column('missed_invalid_count', sa.Integer(), nullable=False, comment='missed without a valid reason'),
    sa.Column('missed_unknown_count', sa.Integer(), nullable=False, comment='missed, reason not known'),
    sa.Column('late_count', sa.Integer(), nullable=False, comment='came late'),
    sa.Column('stray_count', sa.Integer(), nullable=False, comment='absences of pupils who are not in the journal that day: outside the shares'),
    comment='mart_attendance_day by school and day: what a municipal reader compares'
    )
    op.create_index('ix_mart_attendance_school_school', 'mart_attendance_school', ['school_id', 'school_year'], unique=False)
    op.create_table('mart_mark_fill',
    sa.Column('school_id', sa.Integer(), nullable=False, comment='school (dim_school)'),
    sa.Column('school_year', sa.SmallInteger(), nullable=False, comment='first calendar year of the school year'),
    sa.Column('class_id', sa.Integer(), nullable=False, comment='class'),
    sa.Column('journal_id', sa.Integer(), nullable=False, comment='journal'),
    sa.Column('period_id', sa.Integer(), nullable=False, comment='finest period of the class'),
    sa.Column('pupil_count', sa.Integer(), nullable=False, comment='pupils counted'),
    sa.Column('apart_count', sa.Integer(), nullable=False, comment='pupils listed apart: few lessons, or gone'),
    sa.Column('pupil_mark_count', sa.Integer(), nullable=False, comment='grades of the pupils counted'),
    sa.Column('unmarked_count', sa.Integer(), nullable=False, comment='pupils without a grade'),
    sa.Column('one_mark_count', sa.Integer(), nullable=False, comment='pupils with one grade'),
    sa.Column('norm_count', sa.Integer(), nullable=False, comment='pupils at the norm'),
    sa.Column('capped_count', sa.Integer(), nullable=False, comment='grades, at most the norm of each pupil'),
    sa.Column('needed_count', sa.Integer(), nullable=False, comment='sum of the norms'),
    sa.Column('asked_count', sa.Integer(), nullable=False, comment='pupil × lesson with a grade'),
    sa.Column('present_count', sa.Integer(), nullable=False, comment='pupil × lesson where the pupil was present'),
    sa.Column('agrees_count', sa.Integer(), nullable=False, comment='period marks that agree with the weighted mean'),
    sa.Column('over_count', sa.Integer(), nullable=False, comment='period marks above it'),
    sa.Column('under_count', sa.Integer(), nullable=False, comment='period marks below it'),
    sa.Column('border_count', sa.Integer(), nullable=False, comment='period marks on the border'),
    sa.Column('too_few_count', sa.Integer(), nullable=False, comment='period marks with too few grades for a verdict'),
    sa.Column('without_marks_count', sa.Integer(), nullable=False, comment='period marks without any grade'),
    sa.Column('digit_count', sa.Integer(), nullable=False, comment='grades of all pupils that are digits'),
    sa.Column('digit_sum', sa.Integer(), nullable=False, comment='sum of the digits'),
    sa.Column('weight_sum', sa.BigInteger(), nullable=False, comment='sum of weights, hundredths'),
    sa.Column('point_sum', sa.BigInteger(), nullable=False, comment='sum of weight × digit, hundredths'),
    sa.Column('is_norm_stated', sa.Boolean(), nullable=False, comment="the norm is the act's own"),
    comment='one row per journal and period: accumulation and objectivity of marks, no person'
    )
    op.create_index('ix_mart_mark_fill_school', 'mart_mark_fill', ['school_id', 'school_year'], unique=False)
    op.create_table('mart_period_group',
    sa.Column('school_id', sa.Integer(), nullable=False, comment='school (dim_school)'),
    sa.Column('school_year', sa.SmallInteger(), nullable=False, comment='first calendar year of the school year'),
    sa.Column('class_id', sa.Integer(), nullable=False, comment='class'),
    sa.Column('period_id', sa.Integer(), nullable=False, comment='finest period of the class'),
    sa.Column('listed_count', sa.Integer(), nullable=False, comment='pupils at the end of the period'),
    sa.Column('incomplete_count', sa.Integer(), nullable=False, comment='pupils without a period mark in some subject'),
    sa.Column('failing_count', sa.Integer(), nullable=False, comment='pupils with 1, 2, н/а or незачёт'),
    sa.Column('unattested_count', sa.Integer(), nullable=False, comment='pupils with н/а'),
    sa.Column('excellent_count', sa.Integer(), nullable=False, comment='only 5'),
    sa.Column('good_count', sa.Integer(), nullable=False, comment='only 4 and 5, with a 4'),
    sa.Column('one_four_count', sa.Integer(), nullable=False, comment='5 but for one 4'),
    sa.Column('one_three_count', sa.Integer(), nullable=False, comment='4 and 5 but for one 3'),
    comment='one row per class and period: pupils by their period marks, no person'
    )
    op.create_index('ix_mart_period_group_school', 'mart_period_group', ['school_id', 'school_year'], unique=False)
    op.create_table('mart_pupil_journal',
    sa.Column('school_id', sa.Integer(), nullable=False, comment='school (dim_school)'),
    sa.Column('school_year', sa.SmallInteger(), nullable=False, comment='first calendar year of the school year'),
    sa.Column('class_id', sa.Integer(), nullable=False, comment='class'),
    sa.Column('journal_id', sa.Integer(), nullable=False, comment='journal'),
    sa.Column('period_id', sa.Integer(), nullable=False, comment='finest period of the class'),
    sa.Column('pupil_id', sa.Integer(), nullable=False, comment='pupil'),
    sa.Column('lesson_count', sa.Integer(), nullable=False, comment='held lessons while in the journal'),
    sa.Column('missed_count', sa.Integer(), nullable=False, comment='of them missed'),
    sa.Column('mark_count', sa.Integer(), nullable=False, comment='grades given'),
    sa.Column('asked_count', sa.Integer(), nullable=False, comment='lessons with a grade'),
    sa.Column('digit_count', sa.Integer(), nullable=False, comment='grades that are digits'),
    sa.Column('digit_sum', sa.Integer(), nullable=False, comment='sum of the digits'),
    sa.Column('weight', sa.Integer(), nullable=False, comment="sum of the digits' weights, hundredths"),
    sa.Column('points', sa.Integer(), nullable=False, comment='sum of weight × digit, hundredths'),
    sa.Column('needed_count', sa.SmallInteger(), nullable=True, comment="norm of marks, scaled by lessons held and by the pupil's own"),
    sa.Column('period_mark_code', sa.SmallInteger(), nullable=True, comment='period mark'),
    sa.Column('verdict', sa.SmallInteger(), nullable=True, comment='the period mark against the weighted mean (contract.learning)'),
    sa.Column('is_short', sa.Boolean(), nullable=False, comment='too few lessons to be counted'),
    sa.Column('is_left', sa.Boolean(), nullable=False, comment='not in the journal at the end'),
    sa.Column('is_norm_stated', sa.Boolean(), nullable=False, comment="the norm is the act's own"),
    comment='one row per pupil, journal and period: marks against the norm and against the period mark'
    )
    op.create_index('ix_mart_pupil_journal_school', 'mart_pupil_journal', ['school_id', 'school_year', 'class_id'], unique=False)
    op.create_table('mart_pupil_month',
    sa.Column('school_id', sa.Integer(), nullable=False, comment='school (dim_school)'),
    sa.Column('school_year', sa.SmallInteger(), nullable=False, comment='first calendar year of the school year'),
    sa.Column('class_id', sa.Integer(), nullable=False, comment='class'),
    sa.Column('pupil_id', sa.Integer(), nullable=False, comment='pupil'),
    sa.Column('month_on', sa.Date(), nullable=False, comment='first day of the month'),
    sa.Column('slot_count', sa.Integer(), nullable=False, comment='pupil × held lesson'),
    sa.Column('missed_count', sa.Integer(), nullable=False, comment='of them missed'),
    sa.Column('missed_illness_count', sa.Integer(), nullable=False, comment='missed through illness'),
    sa.Column('missed_valid_count', sa.Integer(), nullable=False, comment='missed with another valid reason'),
    sa.Column('missed_invalid_count', sa.Integer(), nullable=False, comment='missed without a valid reason'),
    sa.Column('missed_unknown_count', sa.Integer(), nullable=False, comment='missed, reason not known'),
    sa.Column('late_count', sa.Integer(), nullable=False, comment='came late'),
    sa.Column('day_count', sa.Integer(), nullable=False, comment='days with lessons'),
    sa.Column('missed_day_count', sa.Integer(), nullable=False, comment='days whose every lesson was missed'),
    comment='one row per class, pupil and month: lessons and days missed (004 5-КР-8)'
    )
    op.create_index('ix_mart_pupil_month_school', 'mart_pupil_month', ['school_id', 'school_year', 'class_id'], unique=False)
    # the next derivation fills the new marts of schools that are loaded already
    op.execute("UPDATE judgement SET fingerprint = 'before 0005'")


def downgrade() -> None:
    op.drop_index('ix_mart_pupil_month_school', table_name='mart_pupil_month')
    op.drop_table('mart_pupil_month')
    op.drop_index('ix_mart_pupil_journal_school', table_name='mart_pupil_journal')
    op.drop_table('mart_pupil_journal')
    op.drop_index('ix_mart_period_group_school', table_name='mart_period_group')
    op.drop_table('mart_period_group')
    op.drop_index('ix_mart_mark_fill_school', table_name='mart_mark_fill')
    op.drop_table('mart_mark_fill')
    op.drop_index('ix_mart_attendance_school_school', table_name='mart_attendance_school')
    op.drop_table('mart_attendance_school')
    op.drop_index('ix_mart_attendance_day_school', table_name='mart_attendance_day')
    op.drop_table('mart_attendance_day')
    op.drop_index('ix_mart_absence_spread_school', table_name='mart_absence_spread')
    op.drop_table('mart_absence_spread')
