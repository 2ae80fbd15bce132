-- purpose: replace letters by letters, digits by digits, and of any other character beyond ASCII the last six bits
-- needs: a key, as rehearse.ip and rehearse.op in the startup packet
-- keeps: null, length, characters, equality, folding
-- types: text, character varying, character, name, citext, ltree, "char"
-- meanings: geo, birth, device, finance
-- draws: all
-- returns: masked
-- All characters at once, as bits. What comes in is written in hexadecimal digits, because the last five bits of each
-- of them are those of a letter, and the last four those of a digit. Flags stand in the first bit of each byte: a letter
-- (l) has a byte of 40H or more, and 1 to 26 in its last five bits; a digit (d) is 30H to 39H; a tail (t) is the last
-- byte of a character beyond ASCII.
SELECT pg_catalog.convert_from(pg_catalog.substr(pg_catalog.varbit_send(e.b # ((e.b # e.s) & (
         ((e.f >> 4) | (e.f >> 5)) | ((e.f >> 6) | (e.f >> 7)) | (e.l >> 3) | ((e.t >> 2) | (e.t >> 3))))), 5), 'UTF8') AS masked
  FROM (SELECT d.b, d.s, d.l, d.t, (d.l | d.d) | d.t AS f
          FROM (SELECT c.b, c.s, (c.ascii & c.b6) & (((c.b4 | c.b3) | (c.high | c.b0))
                                                     & (~((c.b4 & c.b3) & (c.b2 | (c.b1 & c.b0))))) AS l,
                       ((c.ascii & (~c.b6)) & ((c.b << 2) & c.b4)) & (~(c.b3 & c.high)) AS d,
                       CASE WHEN c.plain THEN c.b & (~c.b) ELSE (c.m & (c.b & (~c.b6))) & (~((c.m & (c.b & (~c.b6))) << 8)) END AS t
                  FROM (SELECT v.b, v.s, v.m, v.plain, v.m & (~v.b) AS ascii, v.b << 1 AS b6, v.b << 3 AS b4, v.b << 4 AS b3,
                               v.b << 5 AS b2, v.b << 6 AS b1, v.b << 7 AS b0, (v.b << 5) | (v.b << 6) AS high
                          FROM (SELECT ('x' || pg_catalog.encode(u.v, 'hex'))::pg_catalog.varbit AS b,
                                       ('x' || pg_catalog.encode(pg_catalog.substr(pg_catalog.repeat(u.k, u.n / 64 + 1)::pg_catalog.bytea, 1, u.n), 'hex'))::pg_catalog.varbit AS s,
                                       ('x' || pg_catalog.repeat('80', u.n))::pg_catalog.varbit AS m, u.plain
                                  FROM (SELECT w.v, pg_catalog.octet_length(w.v) AS n, pg_catalog.octet_length(w.v) = w.characters AS plain,
                                               pg_catalog.encode(w.k, 'hex') AS k
                                          FROM (SELECT pg_catalog.convert_to(s.v, %(encoding)s) AS v, pg_catalog.length(s.v) AS characters, %(draw_of_folded)s AS k
                                                  FROM (SELECT %(representable)s AS v, pg_catalog.lower(%(plain)s)
                                                                 AS folded OFFSET 0) AS s
                                                 WHERE s.v IS NOT NULL OFFSET 0) AS w OFFSET 0) AS u OFFSET 0) AS v
                         OFFSET 0) AS c OFFSET 0) AS d OFFSET 0) AS e
