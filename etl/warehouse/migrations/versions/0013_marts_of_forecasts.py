"""Marts of forecasts"""

from __future__ import annotations

from alembic import op
import sqlalchemy as sa


revision = '0013'
down_revision = '0012'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('mart_forecast_hit',
    sa.Column('school_id', sa.Integer(), nullable=False, comment='school (dim_school)'),
    sa.Column('school_year', sa.SmallInteger(), nullable=False, comment='first calendar year of the school year'),
    sa.Column('period_id', sa.Integer(), nullable=False, comment='closed period'),
    sa.Column('made_count', sa.Integer(), nullable=False, comment='forecasts that the same rule would have made, as far into the period as the running one is'),
    sa.Column('right_count', sa.Integer(), nullable=False, comment='of them right'),
    sa.Column('warned_count', sa.Integer(), nullable=False, comment='of them warnings'),
    sa.Column('warned_right_count', sa.Integer(), nullable=False, comment='warnings that came true'),
    sa.Column('came_count', sa.Integer(), nullable=False, comment='cases that came, foretold or not'),
    sa.Column('kind', sa.Text(), nullable=False, comment='marks, period_mark or programme'),
    sa.PrimaryKeyConstraint('school_id', 'school_year', 'period_id', 'kind', name=op.f('pk_mart_forecast_hit')),
    comment='one row per closed period and kind of forecast: how often the rule was right, no person'
    )
    op.create_table('mart_mark_forecast',
    sa.Column('school_id', sa.Integer(), nullable=False, comment='school (dim_school)'),
    sa.Column('school_year', sa.SmallInteger(), nullable=False, comment='first calendar year of the school year'),
    sa.Column('class_id', sa.Integer(), nullable=False, comment='class'),
    sa.Column('journal_id', sa.Integer(), nullable=False, comment='journal'),
    sa.Column('period_id', sa.Integer(), nullable=False, comment='finest period of the class, running where the data end'),
    sa.Column('pupil_id', sa.Integer(), nullable=False, comment='pupil'),
    sa.Column('lesson_count', sa.Integer(), nullable=False, comment='held lessons of the pupil in the period so far'),
    sa.Column('ahead_count', sa.Integer(), nullable=False, comment='lessons of the journal left in the period (timetable, plan, calendar)'),
    sa.Column('mark_count', sa.Integer(), nullable=False, comment='grades in the period so far'),
    sa.Column('year_lesson_count', sa.Integer(), nullable=False, comment='held lessons of the pupil since the school year began'),
    sa.Column('year_mark_count', sa.Integer(), nullable=False, comment='grades since the school year began'),
    sa.Column('needed_count', sa.SmallInteger(), nullable=True, comment="norm of marks of the whole period, by the pupil's own lessons"),
    sa.Column('forecast', sa.SmallInteger(), nullable=True, comment='1 reaches the norm, 2 misses it, 3 cannot tell (contract.learning)'),
    sa.Column('is_unmarked', sa.Boolean(), nullable=True, comment='no grade yet when half of the lessons are over; null = too early'),
    sa.Column('is_norm_stated', sa.Boolean(), nullable=True, comment="the norm is the act's own"),
    comment='one row per pupil and journal of a running period: forecast of marks against the norm'
    )
    op.create_index('ix_mart_mark_forecast_school', 'mart_mark_forecast', ['school_id', 'school_year', 'class_id'], unique=False)
    op.create_table('mart_programme_forecast',
    sa.Column('school_id', sa.Integer(), nullable=False, comment='school (dim_school)'),
    sa.Column('school_year', sa.SmallInteger(), nullable=False, comment='first calendar year of the school year'),
    sa.Column('class_id', sa.Integer(), nullable=False, comment='class'),
    sa.Column('journal_id', sa.Integer(), nullable=False, comment='journal'),
    sa.Column('period_id', sa.Integer(), nullable=False, comment='finest period of the class, running where the data end'),
    sa.Column('planned_count', sa.Float(), nullable=False, comment='hours of the dated plan until now'),
    sa.Column('planned_end_count', sa.Float(), nullable=False, comment='hours of the dated plan until the end of the period'),
    sa.Column('lag', sa.Float(), nullable=True, comment='hours short at the end of the period; null = cannot tell'),
    sa.Column('held_count', sa.Integer(), nullable=False, comment='lessons held since the school year began'),
    comment='one row per journal with a dated plan in a running period: forecast of the lag of the programme'
    )
    op.create_index('ix_mart_programme_forecast_school', 'mart_programme_forecast', ['school_id', 'school_year', 'class_id'], unique=False)
    # the next derivation fills the new marts of schools that are loaded already
    op.execute("UPDATE judgement SET fingerprint = 'before 0009'")


def downgrade() -> None:
    op.drop_index('ix_mart_programme_forecast_school', table_name='mart_programme_forecast')
    op.drop_table('mart_programme_forecast')
    op.drop_index('ix_mart_mark_forecast_school', table_name='mart_mark_forecast')
    op.drop_table('mart_mark_forecast')
    op.drop_table('mart_forecast_hit')
