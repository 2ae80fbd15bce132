-- purpose: mask the elements of an array of one or two dimensions; one of more becomes empty
-- needs: a key, as rehearse.ip and rehearse.op in the startup packet
-- keeps: null, equality
-- types: array
-- meanings: anything
-- returns: masked
-- unnest stands in a list of columns, because in FROM it takes rows apart.
SELECT CASE pg_catalog.array_ndims(x.a)
       WHEN 1 THEN (SELECT pg_catalog.array_agg(%(element_of_e)s ORDER BY u.i)
                      FROM (SELECT pg_catalog.unnest(x.a) AS e, pg_catalog.generate_series(1, pg_catalog.cardinality(x.a)) AS i) AS u
                   )::pg_catalog.text
       WHEN 2 THEN (SELECT pg_catalog.array_agg(r.line ORDER BY r.place)
                      FROM (SELECT pg_catalog.array_agg(%(element_of_e)s ORDER BY u.i) AS line,
                                   (u.i - 1) / pg_catalog.array_length(x.a, 2) AS place
                              FROM (SELECT pg_catalog.unnest(x.a) AS e, pg_catalog.generate_series(1, pg_catalog.cardinality(x.a)) AS i) AS u
                             GROUP BY 2) AS r)::pg_catalog.text
       ELSE pg_catalog.concat(pg_catalog.chr(123), pg_catalog.chr(125)) END AS masked
  FROM (SELECT %(value)s AS a OFFSET 0) AS x
 WHERE x.a IS NOT NULL
