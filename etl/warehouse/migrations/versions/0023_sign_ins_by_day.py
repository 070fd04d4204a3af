"""Sign-ins of whole schools by day and role"""

from __future__ import annotations

from alembic import op
import sqlalchemy as sa


revision = '0023'
down_revision = '0022'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('mart_activity_day',
    sa.Column('school_id', sa.Integer(), nullable=False, comment='school (dim_school)'),
    sa.Column('school_year', sa.SmallInteger(), nullable=False, comment='first calendar year of the school year'),
    sa.Column('day_on', sa.Date(), nullable=False, comment='day of the sign-ins'),
    sa.Column('user_count', sa.Integer(), nullable=False, comment='accounts in use in the month with a sign-in on the day'),
    sa.Column('login_count', sa.Integer(), nullable=False, comment='their sign-ins'),
    sa.Column('role', sa.Text(), nullable=False, comment='staff, pupil, parent'),
    sa.PrimaryKeyConstraint('school_id', 'school_year', 'day_on', 'role', name=op.f('pk_mart_activity_day')),
    comment='one row per day and role with a sign-in; accounts stand by month in mart_activity_month (003 А-2.3)'
    )
    # schools that are loaded already are derived anew by the next load, derivation or start
    op.execute("UPDATE judgement SET fingerprint = 'before 0023' WHERE judgement_id = 0")


def downgrade() -> None:
    op.drop_table('mart_activity_day')
