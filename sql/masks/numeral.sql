-- purpose: replace the digits of a number written out, but for a zero it begins with; what has an exponent keeps that, behind a 1
-- needs: a key, as rehearse.ip and rehearse.op in the startup packet
-- keeps: null, equality, validity
-- types: text
-- meanings: none
-- returns: masked
SELECT x.s || CASE WHEN x.e <> '' THEN '1' || x.e
                   WHEN pg_catalog.length(x.d) = 1 THEN x.m
                   ELSE CASE WHEN x.d < '1' THEN '0' ELSE pg_catalog.translate(pg_catalog.left(x.m, 1), '0', '7') END
                        || pg_catalog.substr(x.m, 2) END AS masked
  FROM (SELECT w.s, w.d, w.e, %(fill_of_d)s AS m
          FROM (SELECT CASE WHEN v.v < '/' THEN '-' ELSE '' END AS s, pg_catalog.substring(v.v, '[0-9][0-9.]*') AS d,
                       COALESCE(pg_catalog.substring(v.v, '[eE].*$'), '') AS e
                  FROM (SELECT %(plain)s AS v OFFSET 0) AS v
                 WHERE v.v IS NOT NULL OFFSET 0) AS w OFFSET 0) AS x
