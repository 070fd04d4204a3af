"""Lags of entries"""

from __future__ import annotations

from alembic import op
import sqlalchemy as sa

revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('mart_duty_lag',
    sa.Column('school_id', sa.Integer(), nullable=False, comment='school (dim_school)'),
    sa.Column('class_id', sa.Integer(), nullable=True, comment='class'),
    sa.Column('journal_id', sa.Integer(), nullable=True, comment='journal'),
    sa.Column('staff_id', sa.Integer(), nullable=True, comment='who answers for it'),
    sa.Column('week_on', sa.Date(), nullable=True, comment='Monday of the anchor day'),
    sa.Column('month_on', sa.Date(), nullable=True, comment="first day of the anchor day's month"),
    sa.Column('row_count', sa.Integer(), nullable=False, comment='ledger rows'),
    sa.Column('school_year', sa.SmallInteger(), nullable=False, comment='first calendar year of the school year'),
    sa.Column('rule', sa.SmallInteger(), nullable=False, comment='rule'),
    sa.Column('lag_low', sa.SmallInteger(), nullable=True, comment='days from the anchor to the earliest possible entry, 31 = over 30; null = none'),
    sa.Column('lag_high', sa.SmallInteger(), nullable=True, comment='days from the anchor to the latest possible entry, 31 = over 30; null = none'),
    sa.Column('rush', sa.SmallInteger(), nullable=True, comment='made in the last three days of a period (1), within 48 hours before a control (2), in neither (0), cannot tell (3); null = not counted'),
    sa.Column('is_told', sa.Boolean(), nullable=False, comment='the source can tell whether the entry is there'),
    comment='one row per journal, person, week, rule and lag in days of entries that count, where the data end'
    )
    op.create_index('ix_mart_duty_lag_school', 'mart_duty_lag', ['school_id', 'school_year'], unique=False)
    # an empty mart says nothing of schools derived before: another fingerprint makes the next derivation fill it
    op.execute("UPDATE judgement SET fingerprint = ''")


def downgrade() -> None:
    op.drop_index('ix_mart_duty_lag_school', table_name='mart_duty_lag')
    op.drop_table('mart_duty_lag')
