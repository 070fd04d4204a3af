"""Journals of a school for readers above it, without persons"""

from __future__ import annotations

from alembic import op

revision = '0012'
down_revision = '0011'
branch_labels = None
depends_on = None


from etl.warehouse.journal_sums import JOURNAL_VIEW


def upgrade() -> None:
    op.execute(JOURNAL_VIEW)


def downgrade() -> None:
    op.execute('DROP VIEW journal_duty')
