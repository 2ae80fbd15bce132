-- purpose: replace letters by letters, digits by digits: up to 28 characters as a permutation of all texts of that shape
-- needs: a key, as rehearse.ip and rehearse.op in the startup packet
-- keeps: null, length, characters, equality, folding, uniqueness
-- types: text, character varying, character, name, citext, ltree, "char"
-- meanings: anything, text, identity
-- draws: all
-- returns: masked
-- A Feistel network: the halves take turns in shifting one another, each character within its class. A half is two
-- numbers of seven bytes, the second 0 in texts of up to 14: all bytes of a number are computed at once, because no sum
-- here exceeds a byte. Letters count from 0 to 25, digits from 0 to 9; rest is what does not change, m how many
-- characters a class has, and bits those that its numbers need. A sum that has its first bit once m is taken from it
-- and 80H added is m or more. Longer texts have room enough for a stream that is theirs alone.
SELECT CASE WHEN x.n > 28 OR x.n < pg_catalog.octet_length(pg_catalog.convert_to(x.entire, %(encoding)s)) THEN %(letterwise_of_entire)s
            ELSE (SELECT (SELECT pg_catalog.convert_from(
               pg_catalog.substr(pg_catalog.substr(pg_catalog.int8send(f3.l1 + c.l1rest), 2) || pg_catalog.substr(pg_catalog.int8send(f3.l2 + c.l2rest), 2), 1, x.n / 2)
               || pg_catalog.substr(pg_catalog.substr(pg_catalog.int8send(f3.r1 + c.r1rest), 2) || pg_catalog.substr(pg_catalog.int8send(f3.r2 + c.r2rest), 2), 1, x.n - x.n / 2), 'UTF8')
              FROM (SELECT q3.l1, q3.l2, q3.r1 - %(each80)s + c.r1m - (c.r1m & ((q3.r1 & %(each80)s) >> 7) * 255) - (c.r1m & (((q3.r1 - c.r1m) & %(each80)s) >> 7) * 255) AS r1,
               CASE WHEN x.n > 14 THEN q3.r2 - %(each80)s + c.r2m - (c.r2m & ((q3.r2 & %(each80)s) >> 7) * 255) - (c.r2m & (((q3.r2 - c.r2m) & %(each80)s) >> 7) * 255) ELSE 0 END AS r2
               FROM (SELECT k3.l1, k3.l2, k3.r1 + (pg_catalog.int8(pg_catalog.substring(k3.s, 1, 56)) & c.r1bits) + %(each80)s - c.r1m AS r1,
                k3.r2 + (pg_catalog.int8(pg_catalog.substring(k3.s, 57, 56)) & c.r2bits) + %(each80)s - c.r2m AS r2
                FROM (SELECT f2.l1, f2.l2, f2.r1, f2.r2, ('x' || pg_catalog.encode(pg_catalog.sha256(x.rounds || '3' || pg_catalog.int8send(f2.l1) || pg_catalog.int8send(f2.l2)), 'hex'))::pg_catalog.varbit AS s
                 FROM (SELECT q2.r1, q2.r2, q2.l1 - %(each80)s + c.l1m - (c.l1m & ((q2.l1 & %(each80)s) >> 7) * 255) - (c.l1m & (((q2.l1 - c.l1m) & %(each80)s) >> 7) * 255) AS l1,
                  CASE WHEN x.n > 14 THEN q2.l2 - %(each80)s + c.l2m - (c.l2m & ((q2.l2 & %(each80)s) >> 7) * 255) - (c.l2m & (((q2.l2 - c.l2m) & %(each80)s) >> 7) * 255) ELSE 0 END AS l2
                  FROM (SELECT k2.r1, k2.r2, k2.l1 + (pg_catalog.int8(pg_catalog.substring(k2.s, 1, 56)) & c.l1bits) + %(each80)s - c.l1m AS l1,
                   k2.l2 + (pg_catalog.int8(pg_catalog.substring(k2.s, 57, 56)) & c.l2bits) + %(each80)s - c.l2m AS l2
                   FROM (SELECT f1.l1, f1.l2, f1.r1, f1.r2, ('x' || pg_catalog.encode(pg_catalog.sha256(x.rounds || '2' || pg_catalog.int8send(f1.r1) || pg_catalog.int8send(f1.r2)), 'hex'))::pg_catalog.varbit AS s
                    FROM (SELECT q1.l1, q1.l2, q1.r1 - %(each80)s + c.r1m - (c.r1m & ((q1.r1 & %(each80)s) >> 7) * 255) - (c.r1m & (((q1.r1 - c.r1m) & %(each80)s) >> 7) * 255) AS r1,
                     CASE WHEN x.n > 14 THEN q1.r2 - %(each80)s + c.r2m - (c.r2m & ((q1.r2 & %(each80)s) >> 7) * 255) - (c.r2m & (((q1.r2 - c.r2m) & %(each80)s) >> 7) * 255) ELSE 0 END AS r2
                     FROM (SELECT k1.l1, k1.l2, k1.r1 + (pg_catalog.int8(pg_catalog.substring(k1.s, 1, 56)) & c.r1bits) + %(each80)s - c.r1m AS r1,
                      k1.r2 + (pg_catalog.int8(pg_catalog.substring(k1.s, 57, 56)) & c.r2bits) + %(each80)s - c.r2m AS r2
                      FROM (SELECT f0.l1, f0.l2, f0.r1, f0.r2, ('x' || pg_catalog.encode(pg_catalog.sha256(x.rounds || '1' || pg_catalog.int8send(f0.l1) || pg_catalog.int8send(f0.l2)), 'hex'))::pg_catalog.varbit AS s
                       FROM (SELECT c.l1, c.l2, c.r1, c.r2 OFFSET 0) AS f0 OFFSET 0) AS k1 OFFSET 0) AS q1 OFFSET 0) AS f1 OFFSET 0) AS k2 OFFSET 0) AS q2 OFFSET 0) AS f2 OFFSET 0) AS k3 OFFSET 0) AS q3 OFFSET 0) AS f3)
             FROM (SELECT d.l1m, d.l1bits, (d.l1 & d.l1bits) - d.l1l AS l1, d.l1 - (d.l1 & d.l1bits) + d.l1l AS l1rest, d.l2m, d.l2bits, (d.l2 & d.l2bits) - d.l2l AS l2, d.l2 - (d.l2 & d.l2bits) + d.l2l AS l2rest,
              d.r1m, d.r1bits, (d.r1 & d.r1bits) - d.r1l AS r1, d.r1 - (d.r1 & d.r1bits) + d.r1l AS r1rest, d.r2m, d.r2bits, (d.r2 & d.r2bits) - d.r2l AS r2, d.r2 - (d.r2 & d.r2bits) + d.r2l AS r2rest
              FROM (SELECT b.l1, b.l1l, b.l1l * 26 + b.l1d * 10 AS l1m, b.l1l * 31 + b.l1d * 15 AS l1bits, b.l2, b.l2l, b.l2l * 26 + b.l2d * 10 AS l2m, b.l2l * 31 + b.l2d * 15 AS l2bits,
               b.r1, b.r1l, b.r1l * 26 + b.r1d * 10 AS r1m, b.r1l * 31 + b.r1d * 15 AS r1bits, b.r2, b.r2l, b.r2l * 26 + b.r2d * 10 AS r2m, b.r2l * 31 + b.r2d * 15 AS r2bits
               FROM (SELECT w.l1, w.l2, w.r1, w.r2, ((w.l1 | %(each20)s) + %(each1f)s & ~((w.l1 | %(each20)s) + %(each05)s) & %(each80)s) >> 7 AS l1l, (w.l1 + %(each50)s & ~(w.l1 + %(each46)s) & %(each80)s) >> 7 AS l1d,
                ((w.l2 | %(each20)s) + %(each1f)s & ~((w.l2 | %(each20)s) + %(each05)s) & %(each80)s) >> 7 AS l2l, (w.l2 + %(each50)s & ~(w.l2 + %(each46)s) & %(each80)s) >> 7 AS l2d,
                ((w.r1 | %(each20)s) + %(each1f)s & ~((w.r1 | %(each20)s) + %(each05)s) & %(each80)s) >> 7 AS r1l, (w.r1 + %(each50)s & ~(w.r1 + %(each46)s) & %(each80)s) >> 7 AS r1d,
                ((w.r2 | %(each20)s) + %(each1f)s & ~((w.r2 | %(each20)s) + %(each05)s) & %(each80)s) >> 7 AS r2l, (w.r2 + %(each50)s & ~(w.r2 + %(each46)s) & %(each80)s) >> 7 AS r2d
                FROM (SELECT pg_catalog.int8(pg_catalog.substring(h.h, 1, 56)) AS l1, pg_catalog.int8(pg_catalog.substring(h.h, 57, 56)) AS l2,
                 pg_catalog.int8(pg_catalog.substring(h.h, 113, 56)) AS r1, pg_catalog.int8(pg_catalog.substring(h.h, 169, 56)) AS r2
                 FROM (SELECT ('x' || pg_catalog.rpad(pg_catalog.encode(pg_catalog.convert_to(pg_catalog.left(x.entire, x.n / 2), 'UTF8'), 'hex'), 28, '0')
                   || pg_catalog.rpad(pg_catalog.encode(pg_catalog.convert_to(pg_catalog.substr(x.entire, x.n / 2 + 1), 'UTF8'), 'hex'), 28, '0'))::pg_catalog.varbit AS h
                  OFFSET 0) AS h OFFSET 0) AS w OFFSET 0) AS b OFFSET 0) AS d OFFSET 0) AS c) END AS masked
  FROM (SELECT w.entire, pg_catalog.length(w.entire) AS n, %(rounds)s AS rounds
          FROM (SELECT %(representable)s AS entire OFFSET 0) AS w OFFSET 0) AS x
 WHERE x.entire IS NOT NULL
