-- purpose: find an e-mail address in a value; one of a domain nobody has (RFC 2606) is none
-- needs: nothing
-- returns: found
-- flags: email by one
SELECT pg_catalog.max(pg_catalog.length(m.hit[1])) AS found
  FROM (SELECT %(value)s::pg_catalog.text COLLATE pg_catalog."C" AS v) AS i
 CROSS JOIN LATERAL pg_catalog.regexp_matches(
           CASE WHEN pg_catalog.strpos(i.v, '@') > 0 THEN i.v END,
           '([^[:space:]@<>"'',;:()\[\]/\\|={}]+@((?:[^[:space:]@<>"'',;:()\[\]/\\|={}.!?&]+[.])+[A-Za-z]{2,24}))(?![\w-])', 'g') AS m (hit)
 WHERE m.hit[2] !~* '(^|[.])(example[.](com|net|org)|test|invalid|example|localhost)$'
