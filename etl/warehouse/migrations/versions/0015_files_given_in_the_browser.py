"""Files given in the browser"""

from __future__ import annotations

from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

revision = '0015'
down_revision = '0014'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('load_request',
    sa.Column('school_id', sa.Integer(), nullable=False, comment='school (dim_school)'),
    sa.Column('request_no', sa.Integer(), nullable=False, comment='number within the school'),
    sa.Column('kind', sa.Text(), nullable=False, comment='preview (nothing is kept) or load'),
    sa.Column('folder', sa.Text(), nullable=False, comment='name of the folder of the files in the inbox, 32 hexadecimal digits'),
    sa.Column('file_names', postgresql.ARRAY(sa.Text()), nullable=False, comment='names of the files, as the person named them'),
    sa.Column('answers', sa.Text(), nullable=False, comment='what the files cannot say, as JSON (sources.answers)'),
    sa.Column('user_id', sa.Integer(), nullable=False, comment='account that asked'),
    sa.Column('asked_at', sa.DateTime(timezone=True), nullable=False, comment='when, by the clock of the database'),
    sa.Column('state', sa.Text(), nullable=False, comment='waiting, running, done or failed'),
    sa.Column('progress', sa.Float(), nullable=False, comment='share of the work that is done, 0 to 1'),
    sa.Column('attempt_count', sa.SmallInteger(), nullable=False, comment='how often the worker began it'),
    sa.Column('stage', sa.Text(), nullable=True, comment='what is being done'),
    sa.Column('message', sa.Text(), nullable=True, comment='why it failed: the sentence of the error'),
    sa.Column('found', postgresql.JSONB(), nullable=True, comment='what was recognised, counted, found different and set aside (etl.load_found)'),
    sa.Column('finished_at', sa.DateTime(timezone=True), nullable=True, comment='when it was done or failed'),
    sa.PrimaryKeyConstraint('school_id', 'request_no', name=op.f('pk_load_request')),
    comment='one row per wish to preview or load files that a person saved; asked by people, worked off by the worker'
    )
    op.create_index('uq_load_request_open', 'load_request', ['school_id'],
        unique=True, postgresql_where=sa.text("state IN ('waiting', 'running')"))


def downgrade() -> None:
    op.drop_table('load_request')
