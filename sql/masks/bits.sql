-- purpose: replace a string of bits by as many others
-- needs: a key, as rehearse.ip and rehearse.op in the startup packet
-- keeps: null, length, equality, validity
-- types: bit, bit varying
-- meanings: anything
-- returns: masked
SELECT pg_catalog.left((('x' || pg_catalog.repeat(pg_catalog.encode(x.k, 'hex'), pg_catalog.length(x.v) / 256 + 1))
                         ::pg_catalog.varbit)::pg_catalog.text, pg_catalog.length(x.v)) AS masked
  FROM (SELECT %(value)s::pg_catalog.text AS v, %(mac)s AS k OFFSET 0) AS x
 WHERE x.v IS NOT NULL
