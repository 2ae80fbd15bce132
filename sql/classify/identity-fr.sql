-- purpose: find a French NIR in a value: thirteen digits and the two that follow from them (INSEE); Corsica's letters count as 19 and 18
-- needs: nothing
-- returns: found
-- flags: identity by 0.3
-- among: [12][0-9AB ]{12}
SELECT pg_catalog.max(pg_catalog.length(n.raw)) AS found
  FROM (SELECT m.hit[1] AS raw,
               pg_catalog.replace(pg_catalog.replace(pg_catalog.regexp_replace(m.hit[1], '[ ]', '', 'g'), '2A', '19'), '2B', '18') AS digits
          FROM (SELECT %(value)s::pg_catalog.text COLLATE pg_catalog."C" AS v) AS i
         CROSS JOIN LATERAL pg_catalog.regexp_matches(
                   i.v, '(?<![\w.-])([12][ ]?[0-9]{2}[ ]?[0-9]{2}[ ]?(?:[0-9]{2}|2[AB])[ ]?[0-9]{3}[ ]?[0-9]{3}[ ]?[0-9]{2})(?![\w.-])',
                   'g') AS m (hit)) AS n
 WHERE 97 - pg_catalog.mod(pg_catalog.left(n.digits, 13)::pg_catalog.int8, 97) = pg_catalog.right(n.digits, 2)::pg_catalog.int4
