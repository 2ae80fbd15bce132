-- purpose: replace a network address by a private one; keeps the family and the length of the prefix
-- needs: a key, as rehearse.ip and rehearse.op in the startup packet
-- keeps: null, equality, validity
-- types: inet
-- meanings: anything, device
-- returns: masked
SELECT pg_catalog.set_masklen(
         CASE pg_catalog.family(x.v)
         WHEN 4 THEN ('10.' || pg_catalog.get_byte(x.k, 0) || '.' || pg_catalog.get_byte(x.k, 1) || '.'
                      || pg_catalog.get_byte(x.k, 2))::pg_catalog.inet
         ELSE pg_catalog.rtrim('fd' || pg_catalog.substr(x.h, 1, 2) || ':'
                               || pg_catalog.regexp_replace(pg_catalog.substr(x.h, 3, 28), '(....)', '\1:', 'g'), ':')
              ::pg_catalog.inet
         END, pg_catalog.masklen(x.v))::pg_catalog.text AS masked
  FROM (SELECT s.v, s.k, pg_catalog.encode(s.k, 'hex') AS h
          FROM (SELECT %(value)s::pg_catalog.inet AS v, %(mac)s AS k OFFSET 0) AS s OFFSET 0) AS x
 WHERE x.v IS NOT NULL
