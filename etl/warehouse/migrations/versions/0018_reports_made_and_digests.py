"""Digests: settings of people, and what was sent"""

from __future__ import annotations

from alembic import op
import sqlalchemy as sa

revision = '0018'
down_revision = '0017'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('digest_setting',
    sa.Column('set_at', sa.DateTime(timezone=True), nullable=False, comment='when, by the clock of the database'),
    sa.Column('user_id', sa.Integer(), nullable=False, comment='account (access_user)'),
    sa.Column('name', sa.Text(), nullable=False, comment='address, or the code of a digest'),
    sa.Column('value', sa.Text(), nullable=False, comment='the e-mail address; of a digest on or off'),
    sa.PrimaryKeyConstraint('user_id', 'name', 'set_at', name=op.f('pk_digest_setting')),
    comment='one row per choice of a person about her digests; the last one counts'
    )
    op.create_table('digest_delivery',
    sa.Column('at', sa.DateTime(timezone=True), nullable=False, comment='when'),
    sa.Column('user_id', sa.Integer(), nullable=False, comment='account (access_user)'),
    sa.Column('kind', sa.Text(), nullable=False, comment='code of the digest'),
    sa.Column('state', sa.Text(), nullable=False, comment='sent, or failed'),
    sa.Column('fingerprint', sa.Text(), nullable=False, comment='SHA-256 of what it says: the same is not sent twice'),
    sa.Column('address', sa.Text(), nullable=False, comment='e-mail address it went to'),
    sa.Column('error', sa.Text(), nullable=True, comment='what the mail server said; null = it was taken'),
    sa.PrimaryKeyConstraint('user_id', 'kind', 'at', name=op.f('pk_digest_delivery')),
    comment='one row per digest that was sent or failed to be; one message may hold several'
    )


def downgrade() -> None:
    op.drop_table('digest_delivery')
    op.drop_table('digest_setting')
