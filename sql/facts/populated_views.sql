-- purpose: list the materialised views that hold data, each after those it reads
-- needs: CONNECT
-- returns: identity
WITH RECURSIVE reads (reader, source) AS (
    SELECT DISTINCT r.ev_class, d.refobjid
      FROM pg_catalog.pg_rewrite AS r
      JOIN pg_catalog.pg_depend AS d ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.objid = r.oid
     WHERE d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid <> r.ev_class
), depth (oid, level) AS (
    SELECT c.oid, 0 FROM pg_catalog.pg_class AS c WHERE c.relkind IN ('m', 'v')
    UNION
    SELECT r.reader, d.level + 1 FROM depth AS d JOIN reads AS r ON r.source = d.oid WHERE d.level < 100
)
SELECT pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) AS identity
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 WHERE c.relkind = 'm' AND c.relispopulated
 ORDER BY (SELECT pg_catalog.max(d.level) FROM depth AS d WHERE d.oid = c.oid), 1
