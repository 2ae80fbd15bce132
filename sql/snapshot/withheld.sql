-- purpose: name every table that pg_dump locks, and this role may not read; it locks no extension's own
-- needs: CONNECT
-- returns: role, table, schema (NULL: the role has USAGE on it), selectable
SELECT pg_catalog.quote_ident(CURRENT_USER) AS role,
       pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) AS "table",
       CASE WHEN NOT pg_catalog.has_schema_privilege(n.oid, 'USAGE') THEN pg_catalog.quote_ident(n.nspname) END AS schema,
       pg_catalog.has_table_privilege(c.oid, 'SELECT') AS selectable
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'p')
   AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\_' || pg_catalog.chr(37)
   AND NOT (pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND pg_catalog.has_table_privilege(c.oid, 'SELECT'))
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS d
                    WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid AND d.deptype = 'e')
 ORDER BY 2
