-- purpose: find a payment card number in a value: an issuer's prefix and length, and a right check digit (ISO/IEC 7812-1)
-- needs: nothing
-- returns: found
-- flags: card by 0.2
-- among: [2-6][0-9 -]{11}
SELECT pg_catalog.max(pg_catalog.length(n.raw)) AS found
  FROM (SELECT m.hit[1] AS raw, pg_catalog.regexp_replace(m.hit[1], '[ -]', '', 'g') AS digits
          FROM (SELECT %(value)s::pg_catalog.text COLLATE pg_catalog."C" AS v) AS i
         CROSS JOIN LATERAL pg_catalog.regexp_matches(
                   CASE WHEN i.v ~ '[2-6](?:[ -]?[0-9]){12}' THEN i.v END,
                   '(?<![\w.+-])([2-6](?:[ -]?[0-9]){12,18})(?![\w-]|[.][0-9])', 'g') AS m (hit)) AS n
 WHERE n.digits ~ ('^(4([0-9]{12}|[0-9]{15}|[0-9]{18})'
                   || '|(5[1-5][0-9]{2}|222[1-9]|22[3-9][0-9]|2[3-6][0-9]{2}|27[01][0-9]|2720)[0-9]{12}'
                   || '|3[47][0-9]{13}|3(0[0-5]|[68][0-9])[0-9]{11}'
                   || '|(6011|65[0-9]{2}|64[4-9][0-9])[0-9]{12,15}|35(2[89]|[3-8][0-9])[0-9]{12}'
                   || '|62[0-9]{14,17}|(50|5[6-8]|6[0-9])[0-9]{14,17})$')
   AND n.digits !~ '^(.)\1*$'
   AND (SELECT pg_catalog.mod(pg_catalog.sum(CASE WHEN pg_catalog.mod(pg_catalog.length(n.digits) - s.i, 2) = 1
                                   THEN s.d * 2 / 10 + pg_catalog.mod(s.d * 2, 10) ELSE s.d END), 10)
          FROM (SELECT p.i, pg_catalog.substr(n.digits, p.i, 1)::pg_catalog.int4 AS d
                  FROM pg_catalog.generate_series(1, pg_catalog.length(n.digits)) AS p (i)) AS s) = 0
