-- purpose: find a URL that a value begins with
-- needs: nothing
-- returns: found
-- flags: url by 0.5
-- among: ://|www[.]
SELECT pg_catalog.length(pg_catalog.substring(i.v, '^[[:space:]]*((?:https?|ftp)://[^[:space:]]+|www[.][\w-]+[.][^[:space:]]+)')) AS found
  FROM (SELECT %(value)s::pg_catalog.text COLLATE pg_catalog."C" AS v) AS i
