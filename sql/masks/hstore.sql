-- purpose: mask the values of a map, and keys that few rows have
-- needs: a key, as rehearse.ip and rehearse.op in the startup packet
-- keeps: null, equality, validity
-- types: hstore
-- meanings: anything
-- returns: masked
SELECT COALESCE((SELECT pg_catalog.string_agg(
                          CASE WHEN t.m[2] IS NOT NULL AND pg_catalog.btrim(t.m[1], '"') = ANY (%(keys)s)
                               THEN t.m[1] || t.m[2]
                               WHEN t.m[2] IS NOT NULL
                               THEN (SELECT %(letterwise_of_leaf)s FROM (SELECT t.m[1] AS leaf OFFSET 0) AS l) || t.m[2]
                               WHEN t.m[1] IS NOT NULL
                               THEN (SELECT %(fill_of_leaf)s FROM (SELECT t.m[1] AS leaf OFFSET 0) AS l)
                               ELSE t.m[3] END, '' ORDER BY t.i)
                   FROM pg_catalog.regexp_matches(x.h, '("(?:[^"\\]|\\.)*")(=>)?|([^"]+)', 'g')
                        WITH ORDINALITY AS t (m, i)), '') AS masked
  FROM (SELECT %(plain)s AS h OFFSET 0) AS x
 WHERE x.h IS NOT NULL
