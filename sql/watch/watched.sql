-- purpose: write down the tables whose scans the tracer reports, and the newest relation there is
-- needs: superuser of the stage
-- returns: nothing
CREATE TABLE _rehearse.watched AS
SELECT c.oid AS relation,
       (SELECT pg_catalog.max(newest.oid::pg_catalog.int8) FROM pg_catalog.pg_class AS newest) AS newest
  FROM pg_catalog.pg_class AS c
 WHERE c.oid >= 16384
   AND c.relkind IN ('r', 'm')
