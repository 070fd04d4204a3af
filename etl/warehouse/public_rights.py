"""Rights that PostgreSQL gives to everybody and that the app's role has no use for: what it must not have, nobody has.

Temporary objects would let whoever says SQL as the app shadow tables and operators; large objects would let her fill
the disk unseen; advisory locks would let her hold up every load. Where the owner is no superuser of the server and not
the owner of the database these rights stay as the server's administrator left them.
"""

from __future__ import annotations

from etl.warehouse.engine import APP_ROLE

SIGN_IN_LOCK = 7_201
"""First key of the app's own advisory locks. They are pairs, which never meet the single keys of `warehouse.locks`."""
_FUNCTIONS = "^(pg_(try_)?advisory_.*|lo_.*|loread|lowrite|pg_logical_emit_message)$"

STATEMENTS = (
    f"""
DO $$
DECLARE one regprocedure;
BEGIN
  EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database());
  FOR one IN SELECT oid FROM pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace AND proname ~ '{_FUNCTIONS}' LOOP
    BEGIN
      EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO CURRENT_USER', one);
      EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', one);
    EXCEPTION WHEN insufficient_privilege THEN NULL;  -- the server's administrator took it away from us too
    END;
  END LOOP;
END $$
""",
    f"GRANT EXECUTE ON FUNCTION pg_catalog.pg_advisory_xact_lock(int, int) TO {APP_ROLE}",
)
"""A role that may not revoke these gets a warning of the server, no error."""

ARE_TAKEN = f"""
SELECT NOT (has_database_privilege('{APP_ROLE}', d.oid, 'TEMPORARY') AND pg_has_role(d.datdba, 'USAGE'))
FROM pg_database d WHERE d.datname = current_database()
"""
"""False where a restored database gives the rights anew: a backup does not hold those of the database itself."""
