-- purpose: list the relations that exist before the migration, each with the table it belongs to
-- needs: CONNECT
-- returns: oid, kind, schema, name, identity, table_oid (of an index or TOAST relation), root_oid, row_estimate (-1: never analysed), owner
SELECT c.oid::pg_catalog.int8 AS oid,
       c.relkind::pg_catalog.text AS kind,
       n.nspname::pg_catalog.text AS schema,
       c.relname::pg_catalog.text AS name,
       pg_catalog.concat(pg_catalog.quote_ident(n.nspname), '.', pg_catalog.quote_ident(c.relname)) AS identity,
       COALESCE(toasted.oid, i.indrelid, c.oid)::pg_catalog.int8 AS table_oid,
       COALESCE(pg_catalog.pg_partition_root(c.oid)::pg_catalog.oid, c.oid)::pg_catalog.int8 AS root_oid,
       c.reltuples::pg_catalog.int8 AS row_estimate,
       pg_catalog.pg_get_userbyid(c.relowner)::pg_catalog.text AS owner
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  LEFT JOIN pg_catalog.pg_index AS i ON i.indexrelid = c.oid
  LEFT JOIN pg_catalog.pg_class AS toasted ON toasted.reltoastrelid IN (c.oid, i.indrelid) AND c.relkind IN ('t', 'i')
 WHERE c.oid >= 16384
   AND c.relkind IN ('r', 'p', 'm', 'f', 'v', 'i', 'I', 't')
   AND n.nspname <> '_rehearse'
 ORDER BY c.oid
