"""The word of a person about a finding, and the register as people read it"""

from __future__ import annotations

from alembic import op
import sqlalchemy as sa

revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None


from etl.warehouse.register import FINDING_VIEW


def upgrade() -> None:
    op.create_table('finding_decision',
    sa.Column('decided_at', sa.DateTime(timezone=True), nullable=False, comment='when, by the clock of the database'),
    sa.Column('school_id', sa.Integer(), nullable=False, comment='school (dim_school)'),
    sa.Column('finding_id', sa.Integer(), nullable=False, comment='finding'),
    sa.Column('decision_no', sa.Integer(), nullable=False, comment='number within the finding; the last one counts'),
    sa.Column('class_id', sa.Integer(), nullable=True, comment='class of the finding: who may see it may see this'),
    sa.Column('journal_id', sa.Integer(), nullable=True, comment='journal of the finding'),
    sa.Column('user_id', sa.Integer(), nullable=False, comment='account that decided'),
    sa.Column('reopened', sa.SmallInteger(), nullable=False, comment='how often the finding had come back then'),
    sa.Column('decision', sa.Text(), nullable=False, comment='disputed, accepted, or reopened: the word before is taken back'),
    sa.Column('reason', sa.Text(), nullable=False, comment="why, in the person's words"),
    sa.Column('decided_by', sa.Text(), nullable=False, comment='name of the person then'),
    sa.Column('role', sa.Text(), nullable=False, comment='role of the person then'),
    sa.PrimaryKeyConstraint('school_id', 'finding_id', 'decision_no', name=op.f('pk_finding_decision')),
    comment='one row per word of a person about a finding; appended to, never changed, never touched by a run'
    )
    op.alter_column('finding', 'state', comment='what the runs say: open, fixed, withdrawn, exempt')
    op.alter_column('finding', 'reason', comment='why it was withdrawn (code)')
    op.execute(FINDING_VIEW)


def downgrade() -> None:
    op.execute('DROP VIEW finding_row')
    op.alter_column('finding', 'reason', comment='why it was withdrawn (code), disputed or accepted (words)')
    op.alter_column('finding', 'state', comment='open, fixed, withdrawn, exempt, disputed, accepted')
    op.drop_table('finding_decision')
