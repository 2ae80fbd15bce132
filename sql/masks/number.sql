-- purpose: replace the digits of a number; keeps its sign, how many they are, and of zeros that they lead; NaN and infinity stay
-- needs: a key, as rehearse.ip and rehearse.op in the startup packet
-- keeps: null, length, equality, uniqueness, magnitude, validity
-- types: smallint, integer, bigint, oid, numeric, real, double precision
-- meanings: anything
-- draws: all
-- returns: masked
SELECT CASE WHEN x.v !~ '^-?[0-9]' THEN x.v
            WHEN x.e ~ '[+](30[0-9]|3[0-9])$' THEN x.s || '1' || x.e
            WHEN x.e ~ '-(3[0-9][0-9]|3[0-9]|4[0-9])$' THEN x.s || '9' || x.e
            ELSE x.s || CASE WHEN x.n = %(digits)s THEN '1' WHEN x.f = '0' AND x.n > 1 THEN x.f
                             WHEN x.n = 1 THEN pg_catalog.chr(48 + pg_catalog.mod(pg_catalog.ascii(x.f) - 48 + x.b, 10))
                             ELSE pg_catalog.chr(49 + pg_catalog.mod(pg_catalog.ascii(x.f) - 49 + x.b, 9)) END
                 || x.m || x.e END AS masked
  FROM (SELECT z.v, z.s, z.f, z.m, z.e, z.n, pg_catalog.get_byte(pg_catalog.sha256(
                 %(rounds)s || pg_catalog.convert_to(z.m, 'UTF8')), 0) AS b
          FROM (SELECT y.v, y.s, y.e, pg_catalog.left(y.d, 1) AS f, pg_catalog.length(y.d) AS n,
                       COALESCE((SELECT %(text_of_behind)s FROM (SELECT pg_catalog.substr(y.d, 2) AS behind OFFSET 0) AS t
                                  WHERE t.behind <> ''), '') AS m
                  FROM (SELECT w.v, CASE WHEN pg_catalog.left(w.v, 1) = '-' THEN '-' ELSE '' END AS s,
                               pg_catalog.substring(w.v, '[0-9][0-9.]*') AS d,
                               COALESCE(pg_catalog.substring(w.v, '[eE].*$'), '') AS e
                          FROM (SELECT %(plain)s AS v OFFSET 0) AS w
                         WHERE w.v IS NOT NULL OFFSET 0) AS y OFFSET 0) AS z OFFSET 0) AS x
