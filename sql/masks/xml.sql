-- purpose: mask the text and the attributes of a document; keeps their names, and no comment or declaration
-- needs: a key, as rehearse.ip and rehearse.op in the startup packet
-- keeps: null, equality, validity
-- types: xml
-- meanings: anything
-- returns: masked
SELECT COALESCE((SELECT pg_catalog.string_agg(
                          CASE WHEN t.m[1] IS NOT NULL THEN ''
                               WHEN t.m[2] IS NOT NULL THEN pg_catalog.concat(t.m[2],
                                 (SELECT pg_catalog.string_agg(pg_catalog.concat(' ', a.m[1], '="', (SELECT %(fill_of_leaf)s
                                          FROM (SELECT pg_catalog.translate(pg_catalog.concat(a.m[2], a.m[3]), '&<>"', '____') AS leaf
                                               OFFSET 0) AS l), '"'), '' ORDER BY a.i)
                                    FROM pg_catalog.regexp_matches(t.m[3], '([^\s=]+)\s*=\s*(?:"([^"]*)"|''([^'']*)'')', 'g')
                                         WITH ORDINALITY AS a (m, i)),
                                 CASE WHEN pg_catalog.right(t.m[3], 1) = '/' THEN '/' END, '>')
                               ELSE (SELECT %(fill_of_leaf)s
                                       FROM (SELECT pg_catalog.translate(t.m[4], '&>', '__') AS leaf OFFSET 0) AS l) END,
                          '' ORDER BY t.i)
                   FROM pg_catalog.regexp_matches(x.d,
                          '(<[?!][^>]*>)|(</?[^\s/>]+)((?:[^>"'']|"[^"]*"|''[^'']*'')*)>|([^<]+)', 'g')
                        WITH ORDINALITY AS t (m, i)), '') AS masked
  FROM (SELECT %(plain)s AS d OFFSET 0) AS x
 WHERE x.d IS NOT NULL
