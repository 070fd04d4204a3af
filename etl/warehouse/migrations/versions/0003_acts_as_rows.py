"""Acts as rows"""

from __future__ import annotations

from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('regulation',
    sa.Column('regulation', sa.Text(), nullable=False, comment='profile id'),
    sa.Column('profile_version', sa.SmallInteger(), nullable=False, comment='version, from 1 by first day'),
    sa.Column('title', sa.Text(), nullable=False, comment='title of the act'),
    sa.Column('level', sa.Text(), nullable=False, comment='region, municipality or school'),
    sa.Column('act_number', sa.Text(), nullable=False, comment='number of the act; empty = it bears none'),
    sa.Column('act_date', sa.Date(), nullable=True, comment='date of the act'),
    sa.Column('valid_from', sa.Date(), nullable=True, comment='first day; null = no date. The first version also covers what is older'),
    sa.Column('valid_until', sa.Date(), nullable=True, comment='first day of the next version; null = none follows'),
    sa.Column('layers', postgresql.ARRAY(sa.Text()), nullable=False, comment='ids of the acts it is made of, the highest first'),
    sa.Column('source_system', sa.Text(), nullable=False, comment='system the act speaks of'),
    sa.Column('fingerprint', sa.Text(), nullable=False, comment='of all versions: a school judged by another one is not up to date'),
    sa.PrimaryKeyConstraint('regulation', 'profile_version', name=op.f('pk_regulation')),
    comment="one row per known act and version; rewritten by loads and derivations from the acts' files"
    )
    op.create_table('regulation_parameter',
    sa.Column('regulation', sa.Text(), nullable=False, comment='profile id'),
    sa.Column('profile_version', sa.SmallInteger(), nullable=False, comment='version'),
    sa.Column('parameter_no', sa.SmallInteger(), nullable=False, comment='place in the dictionary of parameters'),
    sa.Column('parameter', sa.Text(), nullable=False, comment='name of the parameter'),
    sa.Column('section', sa.Text(), nullable=False, comment='part of the act it belongs to'),
    sa.Column('label', sa.Text(), nullable=False, comment='what it is called in Russian'),
    sa.Column('kind', sa.Text(), nullable=False, comment='type of the value'),
    sa.Column('unit', sa.Text(), nullable=False, comment='unit of the value'),
    sa.Column('value', sa.Text(), nullable=True, comment='value as JSON; null = the act leaves it unsaid'),
    sa.Column('default_value', sa.Text(), nullable=True, comment='what silence means, as JSON; null = nothing (annex P)'),
    sa.Column('severity', sa.SmallInteger(), nullable=True, comment='1 critical, 2 major, 3 minor, 4 info; null = unsaid'),
    sa.Column('clause', sa.Text(), nullable=True, comment='clause that states it, or that mentions it without a value'),
    sa.Column('quotation', sa.Text(), nullable=True, comment='the clause, verbatim'),
    sa.Column('layer', sa.Text(), nullable=True, comment='act of the chain that states it'),
    sa.Column('act_number', sa.Text(), nullable=True, comment='number of that act'),
    sa.Column('act_date', sa.Date(), nullable=True, comment='date of that act'),
    sa.Column('valid_from', sa.Date(), nullable=True, comment='first day of that act'),
    sa.Column('origin', sa.Text(), nullable=False, comment='act, contract default, mentioned or unsaid'),
    sa.Column('above_value', sa.Text(), nullable=True, comment='value of the layer above that it replaces, as JSON'),
    sa.Column('above_layer', sa.Text(), nullable=True, comment='act of the chain that states that one'),
    sa.Column('is_laxer', sa.Boolean(), nullable=False, comment='it asks less than the layer above'),
    sa.Column('rules', postgresql.ARRAY(sa.SmallInteger()), nullable=False, comment='rules it regulates (contract.ledger)'),
    sa.PrimaryKeyConstraint('regulation', 'profile_version', 'parameter_no', name=op.f('pk_regulation_parameter')),
    comment='one row per known act, version and parameter, stated or not: what people are shown of an act'
    )
    op.add_column('dim_school', sa.Column('regulation_named', sa.Text(), nullable=True, comment='profile id that the newest bundle names, installed or not'))
    op.execute('UPDATE dim_school SET regulation_named = regulation')
    op.add_column('judgement_rule', sa.Column('parameter', sa.Text(), nullable=True, comment='parameter that regulates the rule (regulation_parameter)'))
    # judgements of before have another fingerprint: the next derivation fills what is new here


def downgrade() -> None:
    op.drop_column('judgement_rule', 'parameter')
    op.drop_column('dim_school', 'regulation_named')
    op.drop_table('regulation_parameter')
    op.drop_table('regulation')
