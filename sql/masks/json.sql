-- purpose: mask the leaves of a document: strings as text, numbers as numbers, and keys that few rows have; of more than 100 kB all
-- needs: a key, as rehearse.ip and rehearse.op in the startup packet
-- keeps: null, equality, validity
-- types: json, jsonb
-- meanings: anything
-- returns: masked
-- What stands for a character by its number becomes ?, and an escaped backslash /, lest it escape what follows then.
SELECT CASE WHEN pg_catalog.octet_length(x.j) > 100000
            THEN CASE pg_catalog.left(pg_catalog.ltrim(x.j), 1)
                 WHEN '[' THEN '["' || pg_catalog.encode(%(mac_of_j)s, 'hex') || '"]'
                 WHEN '"' THEN '"' || pg_catalog.encode(%(mac_of_j)s, 'hex') || '"'
                 ELSE pg_catalog.chr(123) || '"masked": "' || pg_catalog.encode(%(mac_of_j)s, 'hex') || '"'
                      || pg_catalog.chr(125) END
            ELSE (SELECT pg_catalog.string_agg(
                           CASE WHEN t.m[2] IS NOT NULL AND pg_catalog.btrim(t.m[1], '"') = ANY (%(keys)s)
                                THEN t.m[1] || t.m[2]
                                WHEN t.m[2] IS NOT NULL
                                THEN (SELECT pg_catalog.to_json(%(letterwise_of_leaf)s)::pg_catalog.text
                                        FROM (SELECT d.doc ->> 0 AS leaf FROM (SELECT ('[' || pg_catalog.regexp_replace(
                                                pg_catalog.replace(t.m[1], '\\', '\/'), '\\u[0-9a-fA-F][0-9a-fA-F][0-9a-fA-F][0-9a-fA-F]', '?', 'g')
                                                || ']')::pg_catalog.json AS doc) AS d OFFSET 0) AS l) || t.m[2]
                                WHEN t.m[1] IS NOT NULL
                                THEN (SELECT pg_catalog.to_json(%(fill_of_leaf)s)::pg_catalog.text
                                        FROM (SELECT d.doc ->> 0 AS leaf FROM (SELECT ('[' || pg_catalog.regexp_replace(
                                                pg_catalog.replace(t.m[1], '\\', '\/'), '\\u[0-9a-fA-F][0-9a-fA-F][0-9a-fA-F][0-9a-fA-F]', '?', 'g')
                                                || ']')::pg_catalog.json AS doc) AS d OFFSET 0) AS l)
                                WHEN t.m[3] IS NOT NULL
                                THEN (SELECT %(numeral_of_numeral)s FROM (SELECT t.m[3] AS numeral OFFSET 0) AS l)
                                ELSE t.m[4] END, '' ORDER BY t.i)
                    FROM pg_catalog.regexp_matches(x.j,
                           '("(?:[^"\\]|\\.)*")(\s*:)?|(-?[0-9][0-9.]*(?:[eE][-+]?[0-9]+)?)|([^"0-9-]+)', 'g')
                         WITH ORDINALITY AS t (m, i)) END AS masked
  FROM (SELECT %(plain)s AS j OFFSET 0) AS x
 WHERE x.j IS NOT NULL
