-- purpose: replace a uuid by another of the same version
-- needs: a key, as rehearse.ip and rehearse.op in the startup packet
-- keeps: null, length, equality, uniqueness, validity
-- types: uuid
-- meanings: anything
-- draws: all
-- returns: masked
SELECT pg_catalog.overlay(pg_catalog.overlay(pg_catalog.left(pg_catalog.encode(x.k, 'hex'), 32),
                          pg_catalog.substr(x.v, 15, 1), 13), pg_catalog.substr(x.v, 20, 1), 17) AS masked
  FROM (SELECT %(value)s::pg_catalog.text AS v, %(mac)s AS k OFFSET 0) AS x
 WHERE x.v IS NOT NULL
