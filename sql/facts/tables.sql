-- purpose: list what holds rows: ordinary tables, leaf partitions, materialised views, with their sizes
-- needs: CONNECT
-- returns: oid, identity, kind, root, estimate, heap_bytes, index_bytes, total_bytes, readable, row_security, absent
SELECT c.oid,
       pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) AS identity,
       c.relkind::pg_catalog.text AS kind,
       (SELECT pg_catalog.quote_ident(rn.nspname) || '.' || pg_catalog.quote_ident(r.relname)
          FROM pg_catalog.pg_class AS r
          JOIN pg_catalog.pg_namespace AS rn ON rn.oid = r.relnamespace
         WHERE c.relispartition AND r.oid = pg_catalog.pg_partition_root(c.oid)) AS root,
       CASE WHEN c.reltuples < 0 THEN NULL ELSE c.reltuples::pg_catalog.int8 END AS estimate,
       COALESCE(pg_catalog.pg_relation_size(c.oid), 0) AS heap_bytes,
       COALESCE(pg_catalog.pg_indexes_size(c.oid), 0) AS index_bytes,
       COALESCE(pg_catalog.pg_total_relation_size(c.oid), 0) AS total_bytes,
       pg_catalog.has_schema_privilege(n.oid, 'USAGE')
         AND pg_catalog.has_table_privilege(c.oid, 'SELECT') AS readable,
       pg_catalog.row_security_active(c.oid) AS row_security,
       c.relpersistence = 'u' AND pg_catalog.pg_is_in_recovery() AS absent
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'm', 'f')
   AND c.relpersistence <> 't'
   AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
   AND n.nspname NOT LIKE 'pg\_temp\_' || pg_catalog.chr(37)
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS d
                    WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid AND d.deptype = 'e')
 ORDER BY identity
