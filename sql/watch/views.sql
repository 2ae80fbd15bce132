-- purpose: list which relations each view reads, for LOCK
-- needs: CONNECT
-- returns: view, relation
SELECT DISTINCT
       r.ev_class::pg_catalog.int8 AS view,
       d.refobjid::pg_catalog.int8 AS relation
  FROM pg_catalog.pg_rewrite AS r
  JOIN pg_catalog.pg_class AS v ON v.oid = r.ev_class
  JOIN pg_catalog.pg_depend AS d ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.objid = r.oid
 WHERE v.relkind = 'v'
   AND v.oid >= 16384
   AND r.ev_type = '1'
   AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
   AND d.refobjid <> r.ev_class
 ORDER BY 1, 2
