"""Severity of a row"""

from __future__ import annotations

from alembic import op
import sqlalchemy as sa

revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None


from etl.warehouse.ledger import ledger_view


def upgrade() -> None:
    op.add_column('obligation', sa.Column('severity', sa.SmallInteger(), nullable=True, comment="of the entry as it was made, where it differs from the rule's in judgement_rule (annex F2)"))
    op.execute(ledger_view('severity'))
    # judged anew by the next derivation: the rows of edits and early period marks get their severity
    op.execute("UPDATE judgement SET fingerprint = ''")


def downgrade() -> None:
    op.execute('DROP VIEW ledger_row')
    op.execute(ledger_view())
    op.drop_column('obligation', 'severity')
