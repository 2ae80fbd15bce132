-- purpose: find a social security number of the United States in a value: delimited, and none that is never issued (SSA, POMS RM 10201.035)
-- needs: nothing
-- returns: found
-- flags: identity by 0.3
-- among: [0-9]{3}[- ][0-9]{2}[- ][0-9]{4}
SELECT pg_catalog.max(pg_catalog.length(m.hit[1])) AS found
  FROM (SELECT %(value)s::pg_catalog.text COLLATE pg_catalog."C" AS v) AS i
 CROSS JOIN LATERAL pg_catalog.regexp_matches(
           CASE WHEN i.v ~ '[0-9]{3}[- ][0-9]{2}[- ][0-9]{4}' THEN i.v END,
           '(?<![\w-])([0-9]{3}-[0-9]{2}-[0-9]{4}|[0-9]{3} [0-9]{2} [0-9]{4})(?![\w-])', 'g') AS m (hit)
 WHERE m.hit[1] !~ '^(000|666|9..)|^...[- ]00|0000$|^078.05.1120$|^457.55.5462$|^219.09.9999$'
