"""Controls and their documents"""

from __future__ import annotations

from alembic import op
import sqlalchemy as sa

revision = '0016'
down_revision = '0015'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('control_package',
    sa.Column('opened_at', sa.DateTime(timezone=True), nullable=False, comment='when it was opened, by the clock of the database'),
    sa.Column('until_at', sa.DateTime(timezone=True), nullable=False, comment='moment the data ended then'),
    sa.Column('school_id', sa.Integer(), nullable=False, comment='school (dim_school)'),
    sa.Column('package_no', sa.Integer(), nullable=False, comment='number within the school'),
    sa.Column('previous_no', sa.Integer(), nullable=True, comment='the control it is compared with; null = there was none'),
    sa.Column('first_on', sa.Date(), nullable=False, comment='first day that was controlled'),
    sa.Column('last_on', sa.Date(), nullable=False, comment='last day that was controlled'),
    sa.Column('user_id', sa.Integer(), nullable=False, comment='account that opened it'),
    sa.Column('profile_version', sa.SmallInteger(), nullable=True, comment='version of the act; null = no act stated'),
    sa.Column('period', sa.Text(), nullable=False, comment='period as in the URL: m2026-10, q1, 2025.q4'),
    sa.Column('metric_version', sa.Text(), nullable=False, comment='fingerprint of the definitions of the metrics'),
    sa.Column('opened_by', sa.Text(), nullable=False, comment='name of the person then'),
    sa.Column('role', sa.Text(), nullable=False, comment='role of the person then'),
    sa.Column('snapshot', sa.Text(), nullable=False, comment='indicators and findings as they stood then, JSON, no pupil'),
    sa.PrimaryKeyConstraint('school_id', 'package_no'),
    comment='one row per opened control: figures frozen for ever (requirements B-33); appended to, never changed'
    )
    op.create_table('control_version',
    sa.Column('saved_at', sa.DateTime(timezone=True), nullable=False, comment='when, by the clock of the database'),
    sa.Column('school_id', sa.Integer(), nullable=False, comment='school (dim_school)'),
    sa.Column('package_no', sa.Integer(), nullable=False, comment='control (control_package)'),
    sa.Column('version_no', sa.Integer(), nullable=False, comment='number within the control; the last one counts'),
    sa.Column('user_id', sa.Integer(), nullable=False, comment='account that saved it'),
    sa.Column('state', sa.Text(), nullable=False, comment='draft, signed or rechecked: never back'),
    sa.Column('saved_by', sa.Text(), nullable=False, comment='name of the person then'),
    sa.Column('role', sa.Text(), nullable=False, comment='role of the person then'),
    sa.Column('texts', sa.Text(), nullable=False, comment='causes, conclusions, addressees, dates and what the re-check found, JSON'),
    sa.PrimaryKeyConstraint('school_id', 'package_no', 'version_no'),
    comment='one row per saved state of a control\'s document; appended to, never changed'
    )


def downgrade() -> None:
    op.drop_table('control_version')
    op.drop_table('control_package')
