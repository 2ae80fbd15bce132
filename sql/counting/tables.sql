-- purpose: list what can be counted: every ordinary table and leaf partition; and of a partitioned root, its leaves
-- needs: CONNECT
-- returns: schema, name, identity, root, countable
SELECT n.nspname::pg_catalog.text AS schema,
       c.relname::pg_catalog.text AS name,
       pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) AS identity,
       CASE WHEN c.relispartition OR c.relkind = 'p' THEN (
           SELECT pg_catalog.quote_ident(rn.nspname) || '.' || pg_catalog.quote_ident(r.relname)
             FROM pg_catalog.pg_class AS r
             JOIN pg_catalog.pg_namespace AS rn ON rn.oid = r.relnamespace
            WHERE r.oid = pg_catalog.pg_partition_root(c.oid)) END AS root,
       c.relkind = 'r' AS countable
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 WHERE (c.relkind = 'r' OR (c.relkind = 'f' AND c.relispartition) OR (c.relkind = 'p' AND NOT c.relispartition))
   AND c.relpersistence <> 't'
   AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', '_rehearse')
   AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend AS e
                    WHERE e.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                      AND e.objid = c.oid AND e.deptype = 'e')
 ORDER BY 3
