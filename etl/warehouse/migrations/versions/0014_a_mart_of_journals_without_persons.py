"""A mart of journals without persons in place of the view, which ran under its owner's rights; years that were purged"""

from __future__ import annotations

from alembic import op
import sqlalchemy as sa

from importlib import import_module

revision = '0014'
down_revision = '0013'
branch_labels = None
depends_on = None

_KEY = 'school_id, school_year, class_id, journal_id, week_on, month_on, rule, status, excluded, is_required, is_made, is_due'


def upgrade() -> None:
    op.execute('DROP VIEW journal_duty')
    op.create_table('mart_duty_journal',
    sa.Column('school_id', sa.Integer(), nullable=False, comment='school (dim_school)'),
    sa.Column('class_id', sa.Integer(), nullable=True, comment='class'),
    sa.Column('journal_id', sa.Integer(), nullable=False, comment='journal'),
    sa.Column('week_on', sa.Date(), nullable=True, comment='Monday of the anchor day; null = no anchor'),
    sa.Column('month_on', sa.Date(), nullable=True, comment="first day of the anchor day's month"),
    sa.Column('excluded', sa.SmallInteger(), nullable=True, comment='why it does not count'),
    sa.Column('row_count', sa.Integer(), nullable=False, comment='ledger rows'),
    sa.Column('school_year', sa.SmallInteger(), nullable=False, comment='first calendar year of the school year'),
    sa.Column('rule', sa.SmallInteger(), nullable=False, comment='rule'),
    sa.Column('status', sa.SmallInteger(), nullable=False, comment='status where the data end'),
    sa.Column('is_required', sa.Boolean(), nullable=False, comment='the entry must exist'),
    sa.Column('is_made', sa.Boolean(), nullable=False, comment='an entry is there'),
    sa.Column('is_due', sa.Boolean(), nullable=False, comment='its deadline is over, or, where there is none, its day'),
    comment='mart_duty_week without persons: the journals of a school for readers above it'
    )
    op.create_index('ix_mart_duty_journal_school', 'mart_duty_journal', ['school_id', 'school_year'], unique=False)
    # schools that are loaded already: the same sums, so nothing is to be derived again
    op.execute(f'INSERT INTO mart_duty_journal ({_KEY}, row_count) SELECT {_KEY}, sum(row_count)::int FROM mart_duty_week WHERE journal_id IS NOT NULL GROUP BY {_KEY}')
    op.add_column('dim_school', sa.Column('purged_until', sa.SmallInteger(), nullable=True, comment='last school year whose journals were purged; null = none'))


def downgrade() -> None:
    op.drop_column('dim_school', 'purged_until')
    op.drop_index('ix_mart_duty_journal_school', table_name='mart_duty_journal')
    op.drop_table('mart_duty_journal')
    op.execute(import_module('etl.warehouse.migrations.versions.0012_journals_without_persons').JOURNAL_VIEW)
