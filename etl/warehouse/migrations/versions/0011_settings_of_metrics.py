"""Settings of metrics; norms that are too early to ask"""

from __future__ import annotations

from alembic import op
import sqlalchemy as sa

revision = '0011'
down_revision = '0010'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('metric_setting',
    sa.Column('school_id', sa.Integer(), nullable=False, comment='school (dim_school)'),
    sa.Column('setting', sa.Text(), nullable=False, comment='name of the setting (contract.variants)'),
    sa.Column('value', sa.Text(), nullable=False, comment="the school's value as JSON"),
    sa.Column('source', sa.Text(), nullable=False, comment='where the school took it from, in its own words'),
    sa.PrimaryKeyConstraint('school_id', 'setting'),
    comment='one row per school and setting of an indicator that the school states otherwise than the default'
    )
    for table, name, kind, zero, words in (
        ('mart_mark_fill', 'early_count', sa.Integer(), '0', 'of the pupils counted: too early for a norm'),
        ('mart_pupil_journal', 'is_early', sa.Boolean(), 'false', 'the period runs and too few lessons were held for a norm'),
    ):
        op.add_column(table, sa.Column(name, kind, nullable=False, server_default=zero, comment=words))
        op.alter_column(table, name, server_default=None)
    # the marts of schools derived before hold no early rows: another fingerprint makes the next derivation fill them
    op.execute("UPDATE judgement SET fingerprint = ''")


def downgrade() -> None:
    op.drop_column('mart_pupil_journal', 'is_early')
    op.drop_column('mart_mark_fill', 'early_count')
    op.drop_table('metric_setting')
