-- purpose: replace the digits of a telephone number, but for the zeros it begins with; its first other digit is no zero
-- needs: a key, as rehearse.ip and rehearse.op in the startup packet
-- keeps: null, length, characters, equality
-- types: text, character varying, character, name, citext, ltree
-- meanings: phone
-- returns: masked
-- A number that begins with 1 to 9, perhaps behind a +, and still does, is quickly done with: in ASCII : follows 9.
SELECT CASE WHEN (x.v > '1' AND x.v < ':' OR x.v > '+1' AND x.v < '+:')
                 AND (x.m > '1' AND x.m < ':' OR x.m > '+1' AND x.m < '+:') THEN x.m
            ELSE (SELECT s.lead || pg_catalog.translate(pg_catalog.substr(x.m, s.n + 1, 1), '0', '7') || pg_catalog.substr(x.m, s.n + 2)
                    FROM (SELECT l.lead, pg_catalog.length(l.lead) AS n
                            FROM (SELECT pg_catalog.substring(x.v, '^[+(0 ]*') AS lead OFFSET 0) AS l OFFSET 0) AS s) END AS masked
  FROM (SELECT %(plain)s AS v, %(fill_of_value)s COLLATE pg_catalog."C" AS m OFFSET 0) AS x
 WHERE x.m IS NOT NULL
