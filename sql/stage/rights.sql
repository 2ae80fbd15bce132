-- purpose: say what the connected role may do on a server that is not ours
-- needs: CONNECT
-- returns: role, is_superuser, may_create_databases
SELECT r.rolname::pg_catalog.text AS role,
       r.rolsuper AS is_superuser,
       r.rolcreatedb OR r.rolsuper AS may_create_databases
  FROM pg_catalog.pg_roles AS r
 WHERE r.rolname = CURRENT_USER
 ORDER BY 1
