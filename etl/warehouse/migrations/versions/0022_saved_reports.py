"""Tables that readers put together and saved"""

from __future__ import annotations

from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql


revision = '0022'
down_revision = '0021'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('saved_report',
    sa.Column('saved_at', sa.DateTime(timezone=True), nullable=False, comment='when, by the clock of the database'),
    sa.Column('school_id', sa.Integer(), nullable=False, comment='school (dim_school)'),
    sa.Column('user_id', sa.Integer(), nullable=False, comment='account whose report it is (access_user)'),
    sa.Column('saved_report_id', sa.Integer(), nullable=False, comment='report of the account, by chance'),
    sa.Column('class_id', sa.Integer(), nullable=True, comment='narrowed to this class; null = all'),
    sa.Column('subject_id', sa.Integer(), nullable=True, comment='narrowed to this subject; null = all'),
    sa.Column('staff_id', sa.Integer(), nullable=True, comment='narrowed to this person; null = all'),
    sa.Column('version_no', sa.SmallInteger(), nullable=False, comment='1 = as first saved; the greatest counts'),
    sa.Column('grade', sa.SmallInteger(), nullable=True, comment='narrowed to this year of study; null = all'),
    sa.Column('is_shared', sa.Boolean(), nullable=False, comment='open to the whole school; never taken back, only withdrawn'),
    sa.Column('is_withdrawn', sa.Boolean(), nullable=False, comment='deleted by its author, or by a head where it was shared'),
    sa.Column('author', sa.Text(), nullable=False, comment='name of who saved this version, then'),
    sa.Column('author_role', sa.Text(), nullable=False, comment='role of who saved this version, then'),
    sa.Column('title', sa.Text(), nullable=False, comment='its name, as the author typed it; empty once it is deleted'),
    sa.Column('metrics', postgresql.ARRAY(sa.Text()), nullable=False, comment='names of its metrics (warehouse.metrics_catalogue), in order'),
    sa.Column('row_by', sa.Text(), nullable=False, comment='code of what stands in the rows (class, staff, month, …)'),
    sa.Column('column_by', sa.Text(), nullable=True, comment='code of what stands in the columns; null = nothing'),
    sa.Column('period', sa.Text(), nullable=True, comment='period as in the URL; null = the one that runs'),
    sa.PrimaryKeyConstraint('school_id', 'user_id', 'saved_report_id', 'version_no', name=op.f('pk_saved_report')),
    comment='one row per version of a table that a reader put together and saved (requirements B-47)'
    )


def downgrade() -> None:
    op.drop_table('saved_report')
