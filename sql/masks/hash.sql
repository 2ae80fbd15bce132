-- purpose: replace a text by hexadecimal digits, no longer than it was
-- needs: a key, as rehearse.ip and rehearse.op in the startup packet
-- keeps: null, equality
-- types: text, character varying, character, name, citext, ltree, "char"
-- meanings: none
-- draws: all
-- returns: masked
SELECT pg_catalog.left(pg_catalog.encode(x.k, 'hex'), pg_catalog.length(x.v)) AS masked
  FROM (SELECT %(value)s::pg_catalog.text AS v, %(mac)s AS k OFFSET 0) AS x
 WHERE x.v IS NOT NULL
