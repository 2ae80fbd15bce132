-- purpose: replace an e-mail address by one in .test, a domain nobody can own (RFC 2606); one too short or too long for that by letters and digits
-- needs: a key, as rehearse.ip and rehearse.op in the startup packet
-- keeps: null, length, equality, folding, uniqueness, validity
-- types: text, character varying, character, name, citext, ltree
-- meanings: email
-- returns: masked
SELECT CASE WHEN x.m IS NULL THEN %(letterwise_of_v)s
            WHEN x.v = x.folded THEN x.m
            WHEN x.v = pg_catalog.upper(x.v) THEN pg_catalog.upper(x.m)
            WHEN x.v = pg_catalog.upper(pg_catalog.left(x.v, 1)) || pg_catalog.substr(x.folded, 2)
            THEN pg_catalog.upper(pg_catalog.left(x.m, 1)) || pg_catalog.substr(x.m, 2)
            ELSE (SELECT pg_catalog.upper(pg_catalog.left(x.m, c.capitals)) || pg_catalog.substr(x.m, c.capitals + 1)
                    FROM (SELECT 2 + pg_catalog.mod(pg_catalog.get_byte(%(draw_of_v)s, 0), 11) AS capitals) AS c) END AS masked
  FROM (SELECT w.v, w.folded, CASE WHEN w.n BETWEEN 18 AND 70 AND w.folded ~ '^[^@[:space:]]+@[^@[:space:]]+$' THEN
                 pg_catalog.chr(97 + pg_catalog.mod(pg_catalog.get_byte(w.k, 31), 26)) || pg_catalog.left(w.h, w.n / 2 - 4) || '@'
                 || pg_catalog.chr(97 + pg_catalog.mod(pg_catalog.get_byte(w.k, 30), 26)) || pg_catalog.substr(w.h, w.n / 2 - 3, w.n - w.n / 2 - 4)
                 || '.test' END AS m
          FROM (SELECT s.v, s.folded, s.k, pg_catalog.length(s.v) AS n,
                       pg_catalog.lower(pg_catalog.replace(pg_catalog.replace(pg_catalog.encode(s.k || s.k, 'base64') COLLATE pg_catalog."C", '+', 'x'), '/', 'y')) AS h
                  FROM (SELECT f.v, f.folded, %(draw_of_folded)s AS k
                          FROM (SELECT %(plain)s AS v, pg_catalog.lower(%(plain)s) AS folded OFFSET 0) AS f OFFSET 0) AS s
                OFFSET 0) AS w OFFSET 0) AS x
 WHERE x.v IS NOT NULL
