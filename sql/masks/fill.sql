-- purpose: replace letters by letters, digits by digits, and of any other character beyond ASCII the last six bits
-- needs: a key, as rehearse.ip and rehearse.op in the startup packet
-- keeps: null, length, characters, equality, folding
-- types: text, character varying, character, name, citext, ltree, "char"
-- meanings: geo, birth, device, finance
-- draws: all
-- returns: masked
-- All characters at once, as bits: flags stand in the first bit of each byte. A letter (l) has a byte of 40H or more, and
-- 1 to 26 in its last five bits; a digit (d) is 30H to 39H; a tail (t) is the last byte of a character beyond ASCII.
SELECT pg_catalog.convert_from(pg_catalog.substr(pg_catalog.varbit_send(
         (e.b & (~((e.l5 | e.d4) | e.t6))) | (((e.s | (((~(e.s & e.eights)) & e.eights) << 1)) & e.l5)
         | ((e.s & (~(((e.s & e.eights) >> 1) | ((e.s & e.eights) >> 2)))) & e.d4)) | (e.r & e.t6)), 5), 'UTF8') AS masked
  FROM (SELECT d.b, d.s, d.r, d.m >> 4 AS eights,
               (d.l >> 3) | (((d.l >> 4) | (d.l >> 5)) | ((d.l >> 6) | (d.l >> 7))) AS l5,
               ((d.d >> 4) | (d.d >> 5)) | ((d.d >> 6) | (d.d >> 7)) AS d4,
               CASE WHEN d.plain THEN d.t
                    ELSE (((d.t >> 2) | (d.t >> 3)) | ((d.t >> 4) | (d.t >> 5))) | ((d.t >> 6) | (d.t >> 7)) END AS t6
          FROM (SELECT c.b, c.s, c.r, c.m, c.plain,
                       (c.b6 & (~c.b)) & ((((c.b3 | c.b4) | (c.high | c.b0)) & c.m)
                                          & (~((c.b3 & c.b4) & ((c.b << 5) | ((c.b << 6) & c.b0))))) AS l,
                       (((c.b << 2) & c.b3) & (~((c.b << 4) & c.high))) & ((~(c.b6 | c.b)) & c.m) AS d,
                       CASE WHEN c.plain THEN c.b & (~c.b)
                            ELSE ((c.b & (~c.b6)) & c.m) & (~(((c.b & (~c.b6)) & c.m) << 8)) END AS t
                  FROM (SELECT v.b, v.s & (((v.m >> 4) | (v.m >> 5)) | ((v.m >> 6) | (v.m >> 7))) AS s, v.s AS r, v.m, v.plain,
                               v.b << 1 AS b6, v.b << 3 AS b3, v.b << 4 AS b4, (v.b << 5) | (v.b << 6) AS high,
                               v.b << 7 AS b0
                          FROM (SELECT ('x' || pg_catalog.encode(u.v, 'hex'))::pg_catalog.varbit AS b,
                                       ('x' || pg_catalog.left(pg_catalog.repeat(u.k, u.n / 32 + 1), 2 * u.n))
                                         ::pg_catalog.varbit AS s,
                                       ('x' || pg_catalog.repeat('80', u.n))::pg_catalog.varbit AS m, u.plain
                                  FROM (SELECT pg_catalog.convert_to(w.v, %(encoding)s) AS v,
                                               pg_catalog.octet_length(pg_catalog.convert_to(w.v, %(encoding)s)) AS n,
                                               pg_catalog.octet_length(pg_catalog.convert_to(w.v, %(encoding)s))
                                                 = pg_catalog.length(w.v) AS plain,
                                               pg_catalog.encode(w.k, 'hex') AS k
                                          FROM (SELECT s.v, %(mac_of_folded)s AS k
                                                  FROM (SELECT %(representable)s AS v, pg_catalog.lower(%(plain)s)
                                                                 AS folded OFFSET 0) AS s
                                                 WHERE s.v IS NOT NULL OFFSET 0) AS w OFFSET 0) AS u OFFSET 0) AS v
                         OFFSET 0) AS c OFFSET 0) AS d OFFSET 0) AS e
