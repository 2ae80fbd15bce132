-- purpose: replace a degree of latitude or longitude by another that is possible, with as many decimals
-- needs: a key, as rehearse.ip and rehearse.op in the startup packet
-- keeps: null, equality, magnitude, validity
-- types: numeric, real, double precision
-- meanings: geo
-- returns: masked
SELECT CASE WHEN x.v ~ '[NI]' THEN x.v
            ELSE pg_catalog.round((x.h / 2147483648.0 - 1) * CASE WHEN pg_catalog.abs(x.v::pg_catalog.numeric) < 10 THEN 9
                 WHEN pg_catalog.abs(x.v::pg_catalog.numeric) <= 90 THEN 90 ELSE 180 END,
                 pg_catalog.scale(x.v::pg_catalog.numeric))::pg_catalog.text END AS masked
  FROM (SELECT s.v, ('x' || pg_catalog.left(pg_catalog.encode(s.k, 'hex'), 8))::bit(32)::pg_catalog.int8 AS h
          FROM (SELECT %(plain)s AS v, %(mac)s AS k OFFSET 0) AS s OFFSET 0) AS x
 WHERE x.v IS NOT NULL
