"""Judgements by other acts, asked for by people"""

from __future__ import annotations

from alembic import op
import sqlalchemy as sa

revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('judgement_request',
    sa.Column('school_id', sa.Integer(), nullable=False, comment='school (dim_school)'),
    sa.Column('request_no', sa.Integer(), nullable=False, comment='number within the school'),
    sa.Column('regulation', sa.Text(), nullable=False, comment='profile id of the act to judge by'),
    sa.Column('profile_version', sa.SmallInteger(), nullable=False, comment='version of the act, for every day'),
    sa.Column('user_id', sa.Integer(), nullable=False, comment='account that asked'),
    sa.Column('asked_at', sa.DateTime(timezone=True), nullable=False, comment='when, by the clock of the database'),
    sa.Column('state', sa.Text(), nullable=False, comment='waiting, running, done or failed'),
    sa.Column('progress', sa.Float(), nullable=False, comment='share of the work that is done, 0 to 1'),
    sa.Column('attempt_count', sa.SmallInteger(), nullable=False, comment='how often the worker began it'),
    sa.Column('message', sa.Text(), nullable=True, comment='why it failed (code)'),
    sa.Column('finished_at', sa.DateTime(timezone=True), nullable=True, comment='when it was done or failed'),
    sa.PrimaryKeyConstraint('school_id', 'request_no', name=op.f('pk_judgement_request')),
    comment='one row per wish to see a school judged by another act; asked by people, worked off by the worker'
    )
    op.create_index('uq_judgement_request_open', 'judgement_request', ['school_id', 'regulation', 'profile_version'],
        unique=True, postgresql_where=sa.text("state IN ('waiting', 'running')"))
    op.create_table('mart_duty_judgement',
    sa.Column('school_id', sa.Integer(), nullable=False, comment='school (dim_school)'),
    sa.Column('school_year', sa.SmallInteger(), nullable=False, comment='first calendar year of the school year'),
    sa.Column('judgement_id', sa.SmallInteger(), nullable=False, comment='by which act (judgement), never 0'),
    sa.Column('rule', sa.SmallInteger(), nullable=False, comment='rule'),
    sa.Column('status', sa.SmallInteger(), nullable=False, comment='status where the data end'),
    sa.Column('excluded', sa.SmallInteger(), nullable=True, comment='why it does not count'),
    sa.Column('is_required', sa.Boolean(), nullable=False, comment='the entry must exist'),
    sa.Column('is_made', sa.Boolean(), nullable=False, comment='an entry is there'),
    sa.Column('is_due', sa.Boolean(), nullable=False, comment='its deadline is over, or, where there is none, its day'),
    sa.Column('row_count', sa.Integer(), nullable=False, comment='ledger rows'),
    comment="mart_duty_school without weeks, of the judgements by other acts than the school's own"
    )
    op.create_index('ix_mart_duty_judgement_school', 'mart_duty_judgement', ['school_id', 'school_year'])
    op.add_column('judgement', sa.Column('profile_version', sa.SmallInteger(), nullable=True,
        comment='the one version that judges every day; null = each day by its own'))
    op.add_column('judgement', sa.Column('kept_until', sa.DateTime(timezone=True), nullable=True,
        comment='when it may be removed; null = never'))


def downgrade() -> None:
    op.drop_column('judgement', 'kept_until')
    op.drop_column('judgement', 'profile_version')
    op.drop_table('mart_duty_judgement')
    op.drop_table('judgement_request')
