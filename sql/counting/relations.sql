-- purpose: list whatever holds or shows rows: tables, partitions, views, materialised views, foreign tables
-- needs: CONNECT
-- returns: oid, schema, name, identity, kind, root, pages, estimate, readable, row_security, populated, file
SELECT c.oid,
       n.nspname::pg_catalog.text AS schema,
       c.relname::pg_catalog.text AS name,
       pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) AS identity,
       c.relkind::pg_catalog.text AS kind,
       CASE WHEN c.relispartition THEN pg_catalog.pg_partition_root(c.oid)::pg_catalog.oid END AS root,
       c.relpages AS pages,
       CASE WHEN c.reltuples >= 0 THEN c.reltuples::pg_catalog.int8 END AS estimate,
       pg_catalog.has_schema_privilege(n.oid, 'USAGE')
         AND pg_catalog.has_any_column_privilege(c.oid, 'SELECT') AS readable,
       pg_catalog.row_security_active(c.oid) AS row_security,
       c.relispopulated AS populated,
       c.relfilenode AS file
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND c.relpersistence <> 't'
   AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', '_rehearse')
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS d
                    WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid AND d.deptype = 'e')
 ORDER BY identity
