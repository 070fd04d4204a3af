"""Registers that people keep: versions of a line, documents, permissions, prints, requests, reports"""

from __future__ import annotations

from alembic import op
import sqlalchemy as sa


revision = '0017'
down_revision = '0016'
branch_labels = None
depends_on = None

VERSIONED = ('control_act', 'incident', 'review_tick', 'outage')


def upgrade() -> None:
    op.create_table('absence_document_entry',
    sa.Column('school_id', sa.Integer(), nullable=False, comment='school (dim_school)'),
    sa.Column('absence_document_entry_id', sa.Integer(), nullable=False, comment='line'),
    sa.Column('pupil_id', sa.Integer(), nullable=False, comment='pupil'),
    sa.Column('from_on', sa.Date(), nullable=False, comment='first day that counts'),
    sa.Column('to_on', sa.Date(), nullable=False, comment='first day that no longer counts'),
    sa.Column('presented_on', sa.Date(), nullable=False, comment='day on which it was presented'),
    sa.Column('entered_at', sa.DateTime(timezone=True), nullable=False, comment='when the line was saved in the product'),
    sa.Column('entered_by', sa.Integer(), nullable=True, comment='user who saved it (access_user)'),
    sa.Column('version_no', sa.SmallInteger(), server_default=sa.text('1'), nullable=False, comment='1 = as first entered; the greatest counts'),
    sa.Column('is_withdrawn', sa.Boolean(), server_default=sa.text('false'), nullable=False, comment='the line counts no longer'),
    sa.Column('author', sa.Text(), nullable=True, comment='name of who saved it, then'),
    sa.Column('author_role', sa.Text(), nullable=True, comment='role of who saved it, then'),
    sa.Column('correction', sa.Text(), nullable=True, comment='why it was corrected or withdrawn; null in the first version'),
    sa.Column('document_key', sa.Text(), nullable=False, comment='key: that of the source where the line replaces one of its own'),
    sa.Column('kind', sa.Text(), nullable=False, comment='illness or valid'),
    sa.Column('document_no', sa.Text(), nullable=True, comment='number on the document'),
    sa.PrimaryKeyConstraint('school_id', 'absence_document_entry_id', 'version_no', name=op.f('pk_absence_document_entry')),
    comment="one row per document that explains absences, entered in the product, and version of the line; of two with one key this one counts and not the source's (annex B21)"
    )
    op.create_table('derivation_request',
    sa.Column('school_id', sa.Integer(), nullable=False, comment='school (dim_school)'),
    sa.Column('request_no', sa.BigInteger(), nullable=False, comment='number within the school: microseconds of the clock'),
    sa.Column('user_id', sa.Integer(), nullable=False, comment='account whose line asks for it'),
    sa.Column('asked_at', sa.DateTime(timezone=True), nullable=False, comment='when, by the clock of the database'),
    sa.Column('attempt_count', sa.SmallInteger(), nullable=False, comment='how often the worker began it'),
    sa.Column('register', sa.Text(), nullable=False, comment='register that was changed'),
    sa.Column('state', sa.Text(), nullable=False, comment='waiting, running, done or failed'),
    sa.Column('message', sa.Text(), nullable=True, comment='why it failed (code)'),
    sa.Column('finished_at', sa.DateTime(timezone=True), nullable=True, comment='when it was done or failed'),
    sa.PrimaryKeyConstraint('school_id', 'request_no', name=op.f('pk_derivation_request')),
    comment='one row per line of a register that the ledger has to hear of: asked for with it, done by the worker'
    )
    op.create_table('edit_permission_entry',
    sa.Column('school_id', sa.Integer(), nullable=False, comment='school (dim_school)'),
    sa.Column('edit_permission_entry_id', sa.Integer(), nullable=False, comment='line'),
    sa.Column('requested_by_id', sa.Integer(), nullable=True, comment='who asked (dim_staff)'),
    sa.Column('requested_on', sa.Date(), nullable=True, comment='day of the written request'),
    sa.Column('decided_on', sa.Date(), nullable=False, comment='day of the decision'),
    sa.Column('entered_at', sa.DateTime(timezone=True), nullable=False, comment='when the line was saved in the product'),
    sa.Column('entered_by', sa.Integer(), nullable=True, comment='user who saved it (access_user)'),
    sa.Column('version_no', sa.SmallInteger(), server_default=sa.text('1'), nullable=False, comment='1 = as first entered; the greatest counts'),
    sa.Column('is_withdrawn', sa.Boolean(), server_default=sa.text('false'), nullable=False, comment='the line counts no longer'),
    sa.Column('author', sa.Text(), nullable=True, comment='name of who saved it, then'),
    sa.Column('author_role', sa.Text(), nullable=True, comment='role of who saved it, then'),
    sa.Column('correction', sa.Text(), nullable=True, comment='why it was corrected or withdrawn; null in the first version'),
    sa.Column('permission_no', sa.Text(), nullable=False, comment='number'),
    sa.Column('ground', sa.Text(), nullable=False, comment='pupil_absence, resit, assessment_makeup, teacher_absence or other'),
    sa.Column('entity', sa.Text(), nullable=False, comment='what may be changed: mark, absence, lesson, work, period_mark'),
    sa.Column('entity_key', sa.Text(), nullable=False, comment='key of what may be changed'),
    sa.Column('protocol_no', sa.Text(), nullable=True, comment='number of the protocol'),
    sa.PrimaryKeyConstraint('school_id', 'edit_permission_entry_id', 'version_no', name=op.f('pk_edit_permission_entry')),
    comment="one row per permitted object entered in the product, and version of the line (004 7.1–7.4); of two with one key (number, object) this one counts and not the source's (annex B21)"
    )
    op.create_table('municipal_report',
    sa.Column('school_id', sa.Integer(), nullable=False, comment='school (dim_school)'),
    sa.Column('municipal_report_id', sa.Integer(), nullable=False, comment='line'),
    sa.Column('due_on', sa.Date(), nullable=False, comment='last day, as the authority set it'),
    sa.Column('done_on', sa.Date(), nullable=True, comment='day on which it was handed in; null = not yet'),
    sa.Column('entered_at', sa.DateTime(timezone=True), nullable=False, comment='when the line was saved in the product'),
    sa.Column('entered_by', sa.Integer(), nullable=True, comment='user who saved it (access_user)'),
    sa.Column('version_no', sa.SmallInteger(), server_default=sa.text('1'), nullable=False, comment='1 = as first entered; the greatest counts'),
    sa.Column('is_withdrawn', sa.Boolean(), server_default=sa.text('false'), nullable=False, comment='the line counts no longer'),
    sa.Column('author', sa.Text(), nullable=True, comment='name of who saved it, then'),
    sa.Column('author_role', sa.Text(), nullable=True, comment='role of who saved it, then'),
    sa.Column('correction', sa.Text(), nullable=True, comment='why it was corrected or withdrawn; null in the first version'),
    sa.Column('title', sa.Text(), nullable=False, comment='what is reported'),
    sa.Column('addressee', sa.Text(), nullable=True, comment='to whom'),
    sa.PrimaryKeyConstraint('school_id', 'municipal_report_id', 'version_no', name=op.f('pk_municipal_report')),
    comment='one row per report that an authority asked for and version of the line (003 Т-4.6)'
    )
    op.create_table('print_line',
    sa.Column('school_id', sa.Integer(), nullable=False, comment='school (dim_school)'),
    sa.Column('print_line_id', sa.Integer(), nullable=False, comment='line'),
    sa.Column('class_id', sa.Integer(), nullable=True, comment='class; null = the whole school'),
    sa.Column('period_id', sa.Integer(), nullable=True, comment='period; null = the school year'),
    sa.Column('printed_on', sa.Date(), nullable=False, comment='day on which it was printed'),
    sa.Column('signed_on', sa.Date(), nullable=True, comment="day of the director's visa and seal; null = not yet"),
    sa.Column('archived_on', sa.Date(), nullable=True, comment='day on which it went to the archive; null = not yet'),
    sa.Column('destroy_after', sa.Date(), nullable=False, comment='last day it must be kept: 5 or 25 years after the school year'),
    sa.Column('school_year', sa.SmallInteger(), nullable=False, comment='first calendar year of the school year'),
    sa.Column('entered_at', sa.DateTime(timezone=True), nullable=False, comment='when the line was saved in the product'),
    sa.Column('entered_by', sa.Integer(), nullable=True, comment='user who saved it (access_user)'),
    sa.Column('version_no', sa.SmallInteger(), server_default=sa.text('1'), nullable=False, comment='1 = as first entered; the greatest counts'),
    sa.Column('is_withdrawn', sa.Boolean(), server_default=sa.text('false'), nullable=False, comment='the line counts no longer'),
    sa.Column('author', sa.Text(), nullable=True, comment='name of who saved it, then'),
    sa.Column('author_role', sa.Text(), nullable=True, comment='role of who saved it, then'),
    sa.Column('correction', sa.Text(), nullable=True, comment='why it was corrected or withdrawn; null in the first version'),
    sa.Column('document', sa.Text(), nullable=False, comment='journal, summary, change_table or other'),
    sa.Column('sha256', sa.Text(), nullable=True, comment='checksum of the file that was printed, lower case hex'),
    sa.Column('place', sa.Text(), nullable=True, comment='where it lies: shelf, medium'),
    sa.PrimaryKeyConstraint('school_id', 'print_line_id', 'version_no', name=op.f('pk_print_line')),
    comment='one row per printed document of journals, its way to the archive, and version of the line (001 Пр-6, Р-3.4–3.7, 002 4.3, 004 1.8, 8.5, 8.6)'
    )
    op.create_table('printout_request',
    sa.Column('school_id', sa.Integer(), nullable=False, comment='school (dim_school)'),
    sa.Column('printout_request_id', sa.Integer(), nullable=False, comment='line'),
    sa.Column('class_id', sa.Integer(), nullable=False, comment='class of the pupil then'),
    sa.Column('pupil_id', sa.Integer(), nullable=False, comment='pupil'),
    sa.Column('requested_on', sa.Date(), nullable=False, comment="day of the parents' application"),
    sa.Column('last_issued_on', sa.Date(), nullable=True, comment='day of the newest printout; null = none yet'),
    sa.Column('ended_on', sa.Date(), nullable=True, comment='last day of the application; null = it stands'),
    sa.Column('entered_at', sa.DateTime(timezone=True), nullable=False, comment='when the line was saved in the product'),
    sa.Column('entered_by', sa.Integer(), nullable=True, comment='user who saved it (access_user)'),
    sa.Column('version_no', sa.SmallInteger(), server_default=sa.text('1'), nullable=False, comment='1 = as first entered; the greatest counts'),
    sa.Column('is_withdrawn', sa.Boolean(), server_default=sa.text('false'), nullable=False, comment='the line counts no longer'),
    sa.Column('author', sa.Text(), nullable=True, comment='name of who saved it, then'),
    sa.Column('author_role', sa.Text(), nullable=True, comment='role of who saved it, then'),
    sa.Column('correction', sa.Text(), nullable=True, comment='why it was corrected or withdrawn; null in the first version'),
    sa.PrimaryKeyConstraint('school_id', 'printout_request_id', 'version_no', name=op.f('pk_printout_request')),
    comment='one row per application of parents for printouts and version of the line: each issue is a version (001 Р-1.6, 002 1.7, 004 3.13)'
    )
    op.add_column('control_act', sa.Column('version_no', sa.SmallInteger(), server_default=sa.text('1'), nullable=False, comment='1 = as first entered; the greatest counts'))
    op.add_column('control_act', sa.Column('is_withdrawn', sa.Boolean(), server_default=sa.text('false'), nullable=False, comment='the line counts no longer'))
    op.add_column('control_act', sa.Column('author', sa.Text(), nullable=True, comment='name of who saved it, then'))
    op.add_column('control_act', sa.Column('author_role', sa.Text(), nullable=True, comment='role of who saved it, then'))
    op.add_column('control_act', sa.Column('correction', sa.Text(), nullable=True, comment='why it was corrected or withdrawn; null in the first version'))
    op.create_table_comment(
        'control_act',
        'one row per control of journals that was documented and version of the line (004 8.2, 8.4)',
        existing_comment='one row per control of journals that was documented (004 8.2, 8.4)',
        schema=None
    )
    op.add_column('incident', sa.Column('version_no', sa.SmallInteger(), server_default=sa.text('1'), nullable=False, comment='1 = as first entered; the greatest counts'))
    op.add_column('incident', sa.Column('is_withdrawn', sa.Boolean(), server_default=sa.text('false'), nullable=False, comment='the line counts no longer'))
    op.add_column('incident', sa.Column('author', sa.Text(), nullable=True, comment='name of who saved it, then'))
    op.add_column('incident', sa.Column('author_role', sa.Text(), nullable=True, comment='role of who saved it, then'))
    op.add_column('incident', sa.Column('correction', sa.Text(), nullable=True, comment='why it was corrected or withdrawn; null in the first version'))
    op.create_table_comment(
        'incident',
        'one row per compromised account of a member of staff and version of the line (001 4.3–4.4, 002 6.3–6.4)',
        existing_comment='one row per compromised account of a member of staff (001 4.3–4.4, 002 6.3–6.4)',
        schema=None
    )
    op.add_column('outage', sa.Column('version_no', sa.SmallInteger(), server_default=sa.text('1'), nullable=False, comment='1 = as first entered; the greatest counts'))
    op.add_column('outage', sa.Column('is_withdrawn', sa.Boolean(), server_default=sa.text('false'), nullable=False, comment='the line counts no longer'))
    op.add_column('outage', sa.Column('author', sa.Text(), nullable=True, comment='name of who saved it, then'))
    op.add_column('outage', sa.Column('author_role', sa.Text(), nullable=True, comment='role of who saved it, then'))
    op.add_column('outage', sa.Column('correction', sa.Text(), nullable=True, comment='why it was corrected or withdrawn; null in the first version'))
    op.create_table_comment(
        'outage',
        'one row per reported technical outage of the journal and version of the line (001 УП-12)',
        existing_comment='one row per reported technical outage of the journal (001 УП-12)',
        schema=None
    )
    op.add_column('review_tick', sa.Column('version_no', sa.SmallInteger(), server_default=sa.text('1'), nullable=False, comment='1 = as first entered; the greatest counts'))
    op.add_column('review_tick', sa.Column('is_withdrawn', sa.Boolean(), server_default=sa.text('false'), nullable=False, comment='the line counts no longer'))
    op.add_column('review_tick', sa.Column('author', sa.Text(), nullable=True, comment='name of who saved it, then'))
    op.add_column('review_tick', sa.Column('author_role', sa.Text(), nullable=True, comment='role of who saved it, then'))
    op.add_column('review_tick', sa.Column('correction', sa.Text(), nullable=True, comment='why it was corrected or withdrawn; null in the first version'))
    op.create_table_comment(
        'review_tick',
        'one row per class, month and thing that somebody attests to have reviewed, and version of the line (000 П-5.4, 004 5-АД-4)',
        existing_comment='one row per class, month and thing that somebody attests to have reviewed (000 П-5.4, 004 5-АД-4)',
        schema=None
    )
    for name in VERSIONED:
        op.drop_constraint(f'pk_{name}', name, type_='primary')
        op.create_primary_key(f'pk_{name}', name, ['school_id', f'{name}_id', 'version_no'])


def downgrade() -> None:
    for name in VERSIONED:
        op.execute(f'DELETE FROM {name} t USING {name} n WHERE n.school_id = t.school_id AND n.{name}_id = t.{name}_id'
            ' AND n.version_no > t.version_no')
        op.drop_constraint(f'pk_{name}', name, type_='primary')
        op.create_primary_key(f'pk_{name}', name, ['school_id', f'{name}_id'])
    op.create_table_comment(
        'review_tick',
        'one row per class, month and thing that somebody attests to have reviewed (000 П-5.4, 004 5-АД-4)',
        existing_comment='one row per class, month and thing that somebody attests to have reviewed, and version of the line (000 П-5.4, 004 5-АД-4)',
        schema=None
    )
    op.drop_column('review_tick', 'correction')
    op.drop_column('review_tick', 'author_role')
    op.drop_column('review_tick', 'author')
    op.drop_column('review_tick', 'is_withdrawn')
    op.drop_column('review_tick', 'version_no')
    op.create_table_comment(
        'outage',
        'one row per reported technical outage of the journal (001 УП-12)',
        existing_comment='one row per reported technical outage of the journal and version of the line (001 УП-12)',
        schema=None
    )
    op.drop_column('outage', 'correction')
    op.drop_column('outage', 'author_role')
    op.drop_column('outage', 'author')
    op.drop_column('outage', 'is_withdrawn')
    op.drop_column('outage', 'version_no')
    op.create_table_comment(
        'incident',
        'one row per compromised account of a member of staff (001 4.3–4.4, 002 6.3–6.4)',
        existing_comment='one row per compromised account of a member of staff and version of the line (001 4.3–4.4, 002 6.3–6.4)',
        schema=None
    )
    op.drop_column('incident', 'correction')
    op.drop_column('incident', 'author_role')
    op.drop_column('incident', 'author')
    op.drop_column('incident', 'is_withdrawn')
    op.drop_column('incident', 'version_no')
    op.create_table_comment(
        'control_act',
        'one row per control of journals that was documented (004 8.2, 8.4)',
        existing_comment='one row per control of journals that was documented and version of the line (004 8.2, 8.4)',
        schema=None
    )
    op.drop_column('control_act', 'correction')
    op.drop_column('control_act', 'author_role')
    op.drop_column('control_act', 'author')
    op.drop_column('control_act', 'is_withdrawn')
    op.drop_column('control_act', 'version_no')
    op.drop_table('printout_request')
    op.drop_table('print_line')
    op.drop_table('municipal_report')
    op.drop_table('edit_permission_entry')
    op.drop_table('derivation_request')
    op.drop_table('absence_document_entry')
