-- purpose: replace an e-mail address by one in .test, a domain nobody can own (RFC 2606); one too short for that as the text mask does
-- needs: a key, as rehearse.ip and rehearse.op in the startup packet
-- keeps: null, length, equality, folding, uniqueness, validity
-- types: text, character varying, character, name, citext, ltree
-- meanings: email
-- returns: masked
SELECT CASE WHEN x.v !~ '^[^@[:space:]]+@[^@[:space:]]+$' OR x.n < 18 OR x.n > 70 THEN %(text_of_v)s
            WHEN x.v = x.folded THEN x.m
            WHEN x.v = pg_catalog.upper(x.v) THEN pg_catalog.upper(x.m)
            WHEN x.v = pg_catalog.upper(pg_catalog.left(x.v, 1)) || pg_catalog.substr(x.folded, 2)
            THEN pg_catalog.upper(pg_catalog.left(x.m, 1)) || pg_catalog.substr(x.m, 2)
            ELSE pg_catalog.upper(pg_catalog.left(x.m, x.capitals)) || pg_catalog.substr(x.m, x.capitals + 1) END AS masked
  FROM (SELECT w.v, w.folded, w.n, 2 + pg_catalog.mod(pg_catalog.get_byte(pg_catalog.sha256(
                 %(rounds)s || pg_catalog.convert_to(w.v, %(encoding)s)), 0), 11) AS capitals,
               pg_catalog.chr(97 + pg_catalog.mod(pg_catalog.get_byte(w.k, 31), 26))
               || pg_catalog.substr(w.h, 1, GREATEST(w.n / 2 - 4, 0)) || '@' || pg_catalog.chr(97 + pg_catalog.mod(
                    pg_catalog.get_byte(w.k, 30), 26)) || pg_catalog.substr(w.h, GREATEST(w.n / 2 - 3, 1), GREATEST(w.n - w.n / 2 - 4, 0))
               || '.test' AS m
          FROM (SELECT s.v, s.folded, s.k, pg_catalog.length(s.v) AS n,
                       pg_catalog.translate(pg_catalog.lower(pg_catalog.left(pg_catalog.encode(s.k || s.k, 'base64'),
                                                             GREATEST(pg_catalog.length(s.v) - 8, 0))), '+/', 'xy') AS h
                  FROM (SELECT %(plain)s AS v, pg_catalog.lower(%(plain)s) AS folded, %(mac_of_folding)s AS k
                          FROM (SELECT pg_catalog.lower(%(plain)s) AS folding OFFSET 0) AS f OFFSET 0) AS s
                OFFSET 0) AS w OFFSET 0) AS x
 WHERE x.v IS NOT NULL
