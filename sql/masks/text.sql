-- purpose: replace letters by letters, digits by digits: up to 24 characters as a permutation of all texts of that shape
-- needs: a key, as rehearse.ip and rehearse.op in the startup packet
-- keeps: null, length, characters, equality, folding, uniqueness
-- types: text, character varying, character, name, citext, ltree, "char"
-- meanings: anything, text, identity
-- draws: all
-- returns: masked
-- A Feistel network: the halves take turns in shifting one another, each character within its class. Longer texts
-- have room enough for a stream that is theirs alone.
SELECT CASE WHEN x.n > 24 THEN %(fill_of_entire)s
            WHEN x.n < pg_catalog.octet_length(pg_catalog.convert_to(x.entire, %(encoding)s)) THEN %(letterwise_of_entire)s
            ELSE (SELECT pg_catalog.convert_from(pg_catalog.substr(r.l3, 1, r.n / 2)
                                                 || pg_catalog.substr(r.r4, 1, r.n - r.n / 2), 'UTF8')
                    FROM (SELECT pg_catalog.int8send(s3.a) || pg_catalog.substr(pg_catalog.int8send(s3.b), 5) AS r4,
                                 pg_catalog.int8send(s3.a | 2314885530818453536) || pg_catalog.int4send((s3.b | 538976288)::pg_catalog.int4) AS folded,
                                 s3.l3, s3.n
                            FROM (SELECT %(first8_of_r2)s AS a, CASE WHEN k3.n > 16 THEN %(last4_of_r2)s ELSE 0 END AS b,
                                         k3.l3, k3.n
                                    FROM (SELECT pg_catalog.sha256(%(rounds)s || '3' || f3.folded) AS shifts, f3.r2, f3.l3, f3.n
                                            FROM (SELECT pg_catalog.int8send(s2.a) || pg_catalog.substr(pg_catalog.int8send(s2.b), 5) AS l3,
                                 pg_catalog.int8send(s2.a | 2314885530818453536) || pg_catalog.int4send((s2.b | 538976288)::pg_catalog.int4) AS folded,
                                 s2.r2, s2.n
                            FROM (SELECT %(first8_of_l1)s AS a, CASE WHEN k2.n > 16 THEN %(last4_of_l1)s ELSE 0 END AS b,
                                         k2.r2, k2.n
                                    FROM (SELECT pg_catalog.sha256(%(rounds)s || '2' || f2.folded) AS shifts, f2.l1, f2.r2, f2.n
                                            FROM (SELECT pg_catalog.int8send(s1.a) || pg_catalog.substr(pg_catalog.int8send(s1.b), 5) AS r2,
                                 pg_catalog.int8send(s1.a | 2314885530818453536) || pg_catalog.int4send((s1.b | 538976288)::pg_catalog.int4) AS folded,
                                 s1.l1, s1.n
                            FROM (SELECT %(first8_of_r1)s AS a, CASE WHEN k1.n > 16 THEN %(last4_of_r1)s ELSE 0 END AS b,
                                         k1.l1, k1.n
                                    FROM (SELECT pg_catalog.sha256(%(rounds)s || '1' || f1.folded) AS shifts, f1.r1, f1.l1, f1.n
                                            FROM (SELECT pg_catalog.convert_to(pg_catalog.left(x.entire, x.n / 2), 'UTF8') || x.zeros AS l1,
                                 pg_catalog.convert_to(pg_catalog.substr(x.entire, x.n / 2 + 1), 'UTF8') || x.zeros AS r1,
                                 pg_catalog.convert_to(pg_catalog.lower(pg_catalog.left(x.entire, x.n / 2)), 'UTF8') AS folded, x.n OFFSET 0) AS f1 OFFSET 0) AS k1 OFFSET 0) AS s1 OFFSET 0) AS f2 OFFSET 0) AS k2 OFFSET 0) AS s2 OFFSET 0) AS f3 OFFSET 0) AS k3 OFFSET 0) AS s3 OFFSET 0) AS r) END AS masked
  FROM (SELECT w.entire, pg_catalog.length(w.entire) AS n, '\x000000000000000000000000'::pg_catalog.bytea AS zeros
          FROM (SELECT %(representable)s AS entire OFFSET 0) AS w OFFSET 0) AS x
 WHERE x.entire IS NOT NULL
