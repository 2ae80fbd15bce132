-- purpose: replace letters by letters and digits by digits, one by one: slow, and up to 28 characters a permutation of any text
-- needs: a key, as rehearse.ip and rehearse.op in the startup packet
-- keeps: null, length, characters, equality, folding, uniqueness
-- types: text, character varying, character, name, citext, ltree, "char"
-- meanings: none
-- draws: all
-- returns: masked
SELECT CASE WHEN pg_catalog.length(x.entire) > 28 THEN %(fill_of_entire)s ELSE (
SELECT r2.l || COALESCE((SELECT pg_catalog.string_agg(pg_catalog.chr(
          CASE WHEN c.a BETWEEN 97 AND 122 THEN 97 + pg_catalog.mod(c.a - 97 + c.b, 26)
               WHEN c.a BETWEEN 65 AND 90 THEN 65 + pg_catalog.mod(c.a - 65 + c.b, 26)
               WHEN c.a BETWEEN 48 AND 57 THEN 48 + pg_catalog.mod(c.a - 48 + c.b, 10)
               WHEN c.a < 128 THEN c.a ELSE c.a / 64 * 64 + pg_catalog.mod(pg_catalog.mod(c.a, 64) + c.b, 64) END), '' ORDER BY c.i)
          FROM (SELECT pg_catalog.ascii(u.ch) AS a, u.i,
                       pg_catalog.get_byte(k.key, pg_catalog.mod(u.i - 1, 32)::pg_catalog.int4) AS b
                  FROM (SELECT pg_catalog.sha256(r2.rounds || '3' || pg_catalog.sha256(r2.rounds || pg_catalog.convert_to(
                                 pg_catalog.lower(r2.l), %(encoding)s))) AS key OFFSET 0) AS k,
                       pg_catalog.string_to_table(r2.r, NULL) WITH ORDINALITY AS u (ch, i)) AS c), '') AS masked
  FROM (SELECT r1.rounds, r1.r, COALESCE((SELECT pg_catalog.string_agg(pg_catalog.chr(
          CASE WHEN c.a BETWEEN 97 AND 122 THEN 97 + pg_catalog.mod(c.a - 97 + c.b, 26)
               WHEN c.a BETWEEN 65 AND 90 THEN 65 + pg_catalog.mod(c.a - 65 + c.b, 26)
               WHEN c.a BETWEEN 48 AND 57 THEN 48 + pg_catalog.mod(c.a - 48 + c.b, 10)
               WHEN c.a < 128 THEN c.a ELSE c.a / 64 * 64 + pg_catalog.mod(pg_catalog.mod(c.a, 64) + c.b, 64) END), '' ORDER BY c.i)
          FROM (SELECT pg_catalog.ascii(u.ch) AS a, u.i,
                       pg_catalog.get_byte(k.key, pg_catalog.mod(u.i - 1, 32)::pg_catalog.int4) AS b
                  FROM (SELECT pg_catalog.sha256(r1.rounds || '2' || pg_catalog.sha256(r1.rounds || pg_catalog.convert_to(
                                 pg_catalog.lower(r1.r), %(encoding)s))) AS key OFFSET 0) AS k,
                       pg_catalog.string_to_table(r1.l, NULL) WITH ORDINALITY AS u (ch, i)) AS c), '') AS l
          FROM (SELECT h.rounds, h.l, COALESCE((SELECT pg_catalog.string_agg(pg_catalog.chr(
          CASE WHEN c.a BETWEEN 97 AND 122 THEN 97 + pg_catalog.mod(c.a - 97 + c.b, 26)
               WHEN c.a BETWEEN 65 AND 90 THEN 65 + pg_catalog.mod(c.a - 65 + c.b, 26)
               WHEN c.a BETWEEN 48 AND 57 THEN 48 + pg_catalog.mod(c.a - 48 + c.b, 10)
               WHEN c.a < 128 THEN c.a ELSE c.a / 64 * 64 + pg_catalog.mod(pg_catalog.mod(c.a, 64) + c.b, 64) END), '' ORDER BY c.i)
          FROM (SELECT pg_catalog.ascii(u.ch) AS a, u.i,
                       pg_catalog.get_byte(k.key, pg_catalog.mod(u.i - 1, 32)::pg_catalog.int4) AS b
                  FROM (SELECT pg_catalog.sha256(h.rounds || '1' || pg_catalog.sha256(h.rounds || pg_catalog.convert_to(
                                 pg_catalog.lower(h.l), %(encoding)s))) AS key OFFSET 0) AS k,
                       pg_catalog.string_to_table(h.r, NULL) WITH ORDINALITY AS u (ch, i)) AS c), '') AS r
                  FROM (SELECT w.rounds, pg_catalog.left(w.v, pg_catalog.length(w.v) / 2) AS l,
                               pg_catalog.substr(w.v, pg_catalog.length(w.v) / 2 + 1) AS r
                          FROM (SELECT x.entire AS v, %(rounds)s AS rounds OFFSET 0) AS w
                         WHERE w.v IS NOT NULL OFFSET 0) AS h OFFSET 0) AS r1 OFFSET 0) AS r2) END AS masked
  FROM (SELECT %(representable)s AS entire OFFSET 0) AS x
 WHERE x.entire IS NOT NULL
