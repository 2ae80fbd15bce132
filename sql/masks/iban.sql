-- purpose: replace an account number behind its country, with the check digits of the new one (ISO 13616: modulo 97)
-- needs: a key, as rehearse.ip and rehearse.op in the startup packet
-- keeps: null, length, characters, equality, validity
-- types: text, character varying, character, name, citext, ltree
-- meanings: iban
-- returns: masked
SELECT CASE WHEN x.v !~ '^[A-Za-z][A-Za-z][0-9][0-9][0-9A-Za-z ]+$' THEN %(letterwise_of_v)s
            ELSE pg_catalog.left(x.v, 2)
                 || pg_catalog.lpad((98 - pg_catalog.mod((x.bban || x.country || '00')::pg_catalog.numeric, 97))
                                      ::pg_catalog.text, 2, '0')
                 || pg_catalog.substr(x.m, 5) END AS masked
  FROM (SELECT w.v, w.m, (pg_catalog.ascii(pg_catalog.upper(w.country)) - 55)::pg_catalog.text
                         || (pg_catalog.ascii(pg_catalog.upper(pg_catalog.substr(w.country, 2, 1))) - 55)::pg_catalog.text AS country,
               CASE WHEN w.bban ~ '^[0-9]+$' THEN w.bban ELSE
               (SELECT pg_catalog.string_agg(CASE WHEN u.ch BETWEEN 'A' AND 'Z' THEN (pg_catalog.ascii(u.ch) - 55)::pg_catalog.text
                                                  ELSE u.ch END, '' ORDER BY u.i)
                  FROM pg_catalog.string_to_table(w.bban, NULL) WITH ORDINALITY AS u (ch, i)) END AS bban
          FROM (SELECT s.v, s.m, pg_catalog.substring(s.v, '^[A-Za-z][A-Za-z]') AS country,
                       pg_catalog.upper(pg_catalog.replace(pg_catalog.substr(s.m, 5), ' ', '')) AS bban
                  FROM (SELECT %(plain)s AS v, %(fill_of_value)s AS m OFFSET 0) AS s
                 WHERE s.v IS NOT NULL OFFSET 0) AS w OFFSET 0) AS x
