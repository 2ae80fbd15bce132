-- purpose: make a number smaller by up to a fifth; NaN and infinity stay
-- needs: a key, as rehearse.ip and rehearse.op in the startup packet
-- keeps: null, equality, magnitude, validity
-- types: smallint, integer, bigint, numeric, real, double precision
-- meanings: none
-- returns: masked
SELECT CASE WHEN x.v ~ '[NI]' THEN x.v
            ELSE pg_catalog.round(x.v::pg_catalog.numeric * (1 - (pg_catalog.get_byte(x.k, 0) * 256
                   + pg_catalog.get_byte(x.k, 1)) / 327680.0), pg_catalog.scale(x.v::pg_catalog.numeric))::pg_catalog.text
            END AS masked
  FROM (SELECT %(plain)s AS v, %(mac)s AS k OFFSET 0) AS x
 WHERE x.v IS NOT NULL
