-- purpose: mask the fields of a row type, each as its type is
-- needs: a key, as rehearse.ip and rehearse.op in the startup packet
-- keeps: null, equality
-- types: composite
-- meanings: anything
-- returns: masked
SELECT %(fields_of_c)s::pg_catalog.text AS masked
  FROM (SELECT %(value)s AS c OFFSET 0) AS x
 WHERE x.c::pg_catalog.text IS NOT NULL
