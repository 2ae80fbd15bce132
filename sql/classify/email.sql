-- purpose: find an e-mail address in a value; one of a domain nobody has (RFC 2606) is none
-- needs: nothing
-- returns: found
-- flags: email by one
-- among: @[^ @]+[.][^ @]
SELECT CASE WHEN i.v ~ '^[^[:space:]@<>"'',;:()/={}]+@[^[:space:]@<>"'',;:()/={}]+[.][A-Za-z]+$'
            THEN CASE WHEN i.v !~* '(@|[.])(example[.](com|net|org)|test|invalid|example|localhost)$' THEN pg_catalog.length(i.v) END
            ELSE (SELECT pg_catalog.max(pg_catalog.length(m.hit[1]) + 1)
                    FROM pg_catalog.regexp_matches(
                             i.v, '[^[:space:]@<>"'',;:()\[\]/\\|={}]@((?:[^[:space:]@<>"'',;:()\[\]/\\|={}.!?&]+[.])+[A-Za-z]{2,24})(?![\w-])',
                             'g') AS m (hit)
                   WHERE m.hit[1] !~* '(^|[.])(example[.](com|net|org)|test|invalid|example|localhost)$')
       END AS found
  FROM (SELECT %(value)s::pg_catalog.text COLLATE pg_catalog."C" AS v) AS i
