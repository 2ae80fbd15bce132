-- purpose: replace a hardware address by a locally administered one
-- needs: a key, as rehearse.ip and rehearse.op in the startup packet
-- keeps: null, equality, uniqueness, validity
-- types: macaddr, macaddr8
-- meanings: anything, device
-- returns: masked
SELECT '02' || pg_catalog.substr(pg_catalog.encode(x.k, 'hex'), 1,
                                 CASE pg_catalog.length(x.v) WHEN 17 THEN 10 ELSE 14 END) AS masked
  FROM (SELECT %(value)s::pg_catalog.text AS v, %(mac)s AS k OFFSET 0) AS x
 WHERE x.v IS NOT NULL
