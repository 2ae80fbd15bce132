-- purpose: find a Polish PESEL in a value: eleven digits, a date of birth among them, and a right check digit (gov.pl, czym jest numer PESEL)
-- needs: nothing
-- returns: found
-- flags: identity by 0.5
-- among: [0-9]{11}
SELECT pg_catalog.max(pg_catalog.length(m.hit[1])) AS found
  FROM (SELECT %(value)s::pg_catalog.text COLLATE pg_catalog."C" AS v) AS i
 CROSS JOIN LATERAL pg_catalog.regexp_matches(
           i.v, '(?<![\w.-])([0-9]{2}(?:[02468][1-9]|[13579][0-2])(?:0[1-9]|[12][0-9]|3[01])[0-9]{5})(?![\w.-])', 'g') AS m (hit)
 WHERE (SELECT pg_catalog.mod(pg_catalog.sum(pg_catalog.substr(m.hit[1], p.i, 1)::pg_catalog.int4
                              * pg_catalog.substr('13791379131', p.i, 1)::pg_catalog.int4), 10)
          FROM pg_catalog.generate_series(1, 11) AS p (i)) = 0
