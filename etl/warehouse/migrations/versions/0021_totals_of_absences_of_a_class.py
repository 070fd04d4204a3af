"""Totals of absences that the class teacher counts"""

from __future__ import annotations

from alembic import op
import sqlalchemy as sa


revision = '0021'
down_revision = '0020'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('class_absence_summary',
    sa.Column('school_id', sa.Integer(), nullable=False, comment='school (dim_school)'),
    sa.Column('class_absence_summary_id', sa.Integer(), nullable=False, comment='line'),
    sa.Column('class_id', sa.Integer(), nullable=False, comment='class'),
    sa.Column('missed_count', sa.Integer(), nullable=False, comment='lessons missed by its pupils, as the class teacher counts them'),
    sa.Column('illness_count', sa.Integer(), nullable=True, comment='of them by illness; null = not told'),
    sa.Column('invalid_count', sa.Integer(), nullable=True, comment='of them without a valid reason; null = not told'),
    sa.Column('school_year', sa.SmallInteger(), nullable=False, comment='first calendar year of the school year'),
    sa.Column('entered_at', sa.DateTime(timezone=True), nullable=False, comment='when the line was saved in the product'),
    sa.Column('entered_by', sa.Integer(), nullable=True, comment='user who saved it (access_user)'),
    sa.Column('version_no', sa.SmallInteger(), server_default=sa.text('1'), nullable=False, comment='1 = as first entered; the greatest counts'),
    sa.Column('is_withdrawn', sa.Boolean(), server_default=sa.text('false'), nullable=False, comment='the line counts no longer'),
    sa.Column('author', sa.Text(), nullable=True, comment='name of who saved it, then'),
    sa.Column('author_role', sa.Text(), nullable=True, comment='role of who saved it, then'),
    sa.Column('correction', sa.Text(), nullable=True, comment='why it was corrected or withdrawn; null in the first version'),
    sa.Column('period', sa.Text(), nullable=False, comment='period as in the URL: q1, t1, h1, m2026-10'),
    sa.PrimaryKeyConstraint('school_id', 'class_absence_summary_id', 'version_no', name=op.f('pk_class_absence_summary')),
    comment='one row per class and period whose missed lessons somebody counted, and version of the line (004 5-КР-1, «Пропуски по классам»)'
    )


def downgrade() -> None:
    op.drop_table('class_absence_summary')
