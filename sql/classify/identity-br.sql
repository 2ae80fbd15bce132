-- purpose: find a Brazilian CPF in a value: eleven digits, the last two of which follow from the others (Receita Federal)
-- needs: nothing
-- returns: found
-- flags: identity by 0.3
-- among: [0-9]{11}|[0-9]{3}-[0-9]{2}
SELECT pg_catalog.max(pg_catalog.length(n.raw)) AS found
  FROM (SELECT m.hit[1] AS raw, pg_catalog.regexp_replace(m.hit[1], '[.-]', '', 'g') AS digits
          FROM (SELECT %(value)s::pg_catalog.text COLLATE pg_catalog."C" AS v) AS i
         CROSS JOIN LATERAL pg_catalog.regexp_matches(
                   i.v, '(?<![\w.-])([0-9]{3}[.][0-9]{3}[.][0-9]{3}-[0-9]{2}|[0-9]{11})(?![\w.-])', 'g') AS m (hit)) AS n
 WHERE n.digits !~ '^(.)\1*$'
   AND pg_catalog.right(n.digits, 2)
       = (SELECT pg_catalog.string_agg(pg_catalog.mod(pg_catalog.mod(w.s * 10, 11), 10)::pg_catalog.text, '' ORDER BY w.k)
            FROM (SELECT k.k, pg_catalog.sum(pg_catalog.substr(n.digits, p.i, 1)::pg_catalog.int4 * (k.k + 2 - p.i)) AS s
                    FROM (VALUES (9), (10)) AS k (k)
                   CROSS JOIN LATERAL pg_catalog.generate_series(1, k.k) AS p (i)
                   GROUP BY k.k) AS w)
