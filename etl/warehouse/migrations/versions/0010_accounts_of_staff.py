"""Accounts of staff, idle sessions, addresses of attempts"""

from __future__ import annotations

from alembic import op
import sqlalchemy as sa


revision = '0010'
down_revision = '0009'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('access_user', sa.Column('staff_school_id', sa.Integer(), nullable=True, comment='school of the member of staff it belongs to'))
    op.add_column('access_user', sa.Column('staff_id', sa.Integer(), nullable=True, comment='member of staff it belongs to (dim_staff)'))
    op.add_column('access_user', sa.Column('valid_until', sa.DateTime(timezone=True), nullable=True, comment="end of the last day of employment, school's time; from then on it is closed"))
    op.add_column('access_user', sa.Column('external_id', sa.Text(), nullable=True, comment='who it is at the OpenID Connect provider: value of the configured claim'))
    op.create_unique_constraint(op.f('uq_access_user_external_id'), 'access_user', ['external_id'])
    op.add_column('access_session', sa.Column('seen_at', sa.DateTime(timezone=True), nullable=True, comment='last sign of a person, to the minute; none: the sign-in'))
    op.add_column('access_attempt', sa.Column('address', sa.Text(), nullable=True, comment='network address it came from; none: not known'))
    op.create_index('ix_access_attempt_address', 'access_attempt', ['address', 'at'], unique=False)


def downgrade() -> None:
    op.drop_index('ix_access_attempt_address', table_name='access_attempt')
    op.drop_column('access_attempt', 'address')
    op.drop_column('access_session', 'seen_at')
    op.drop_constraint(op.f('uq_access_user_external_id'), 'access_user', type_='unique')
    op.drop_column('access_user', 'external_id')
    op.drop_column('access_user', 'valid_until')
    op.drop_column('access_user', 'staff_id')
    op.drop_column('access_user', 'staff_school_id')
