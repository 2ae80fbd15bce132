-- purpose: mask the text of a document; keeps its elements by name, and no attribute, comment or declaration
-- needs: a key, as rehearse.ip and rehearse.op in the startup packet
-- keeps: null, equality, validity
-- types: xml
-- meanings: anything
-- returns: masked
SELECT COALESCE((SELECT pg_catalog.string_agg(
                          CASE WHEN t.m[1] IS NOT NULL THEN ''
                               WHEN t.m[2] IS NOT NULL THEN t.m[2] || COALESCE(t.m[3], '') || '>'
                               ELSE (SELECT %(fill_of_leaf)s
                                       FROM (SELECT pg_catalog.translate(t.m[4], '&>', '__') AS leaf OFFSET 0) AS l) END,
                          '' ORDER BY t.i)
                   FROM pg_catalog.regexp_matches(x.d,
                          '(<[?!][^>]*>)|(</?[^\s/>]+)(?:[^>"'']|"[^"]*"|''[^'']*'')*?(/)?>|([^<]+)', 'g')
                        WITH ORDINALITY AS t (m, i)), '') AS masked
  FROM (SELECT %(plain)s AS d OFFSET 0) AS x
 WHERE x.d IS NOT NULL
