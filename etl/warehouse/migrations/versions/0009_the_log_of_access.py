"""The log of access"""

from __future__ import annotations

from alembic import op
import sqlalchemy as sa

revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('access_event',
    sa.Column('at', sa.DateTime(timezone=True), nullable=False, comment='when, by the clock of the database'),
    sa.Column('school_id', sa.Integer(), nullable=False, comment='school (dim_school)'),
    sa.Column('user_id', sa.Integer(), nullable=False, comment='account (access_user)'),
    sa.Column('class_id', sa.Integer(), nullable=True, comment='class that was looked at; null = none, or the whole school'),
    sa.Column('pupil_id', sa.Integer(), nullable=True, comment='pupil that was looked at; null = all of the page'),
    sa.Column('row_count', sa.Integer(), nullable=True, comment='rows of an export; null = not counted'),
    sa.Column('as_of', sa.Date(), nullable=True, comment='day the page was set to; null = the newest data'),
    sa.Column('kind', sa.Text(), nullable=False, comment='view (of pupils by name), export, or register (a change)'),
    sa.Column('subject', sa.Text(), nullable=False, comment='page, table or register by its code'),
    sa.Column('full_name', sa.Text(), nullable=False, comment='name of the person then'),
    sa.Column('role', sa.Text(), nullable=False, comment='role of the person then'),
    comment='one row per view of pupils, export and change of a register; appended to, never changed (003 А-1.2)'
    )
    op.create_index('ix_access_event_school', 'access_event', ['school_id', 'at'])


def downgrade() -> None:
    op.drop_table('access_event')
