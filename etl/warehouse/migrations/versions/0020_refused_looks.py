"""Looks that were refused"""

from __future__ import annotations

from alembic import op
import sqlalchemy as sa

revision = '0020'
down_revision = '0019'
branch_labels = None
depends_on = None

OLD = 'view (of pupils by name), export, or register (a change)'
NEW = 'view (of pupils by name), refused (a look at pupils that was not open), export, or register (a change)'


def upgrade() -> None:
    op.alter_column('access_event', 'kind', existing_type=sa.Text(), existing_nullable=False, existing_comment=OLD,
                    comment=NEW)


def downgrade() -> None:
    op.alter_column('access_event', 'kind', existing_type=sa.Text(), existing_nullable=False, existing_comment=NEW,
                    comment=OLD)
