-- purpose: replace bytes by as many others
-- needs: a key, as rehearse.ip and rehearse.op in the startup packet
-- keeps: null, length, equality
-- types: bytea
-- meanings: anything
-- draws: all
-- returns: masked
SELECT '\x' || pg_catalog.left(pg_catalog.repeat(pg_catalog.encode(pg_catalog.sha256(x.k) || x.k, 'hex'),
                                                pg_catalog.octet_length(x.v) / 64 + 1),
                              2 * pg_catalog.octet_length(x.v)) AS masked
  FROM (SELECT s.v, %(mac_of_h)s AS k
          FROM (SELECT %(value)s AS v, pg_catalog.encode(%(value)s, 'hex') AS h OFFSET 0) AS s OFFSET 0) AS x
 WHERE x.v IS NOT NULL
