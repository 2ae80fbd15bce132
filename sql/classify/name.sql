-- purpose: find a common first name as a word of a short value without digits
-- needs: nothing
-- returns: found
-- flags: name by 0.15
-- among: ^[^0-9_@{<]{3,60}$
SELECT pg_catalog.length(i.v) AS found
  FROM (SELECT %(value)s::pg_catalog.text COLLATE pg_catalog."C" AS v) AS i
 WHERE pg_catalog.length(i.v) BETWEEN 3 AND 60
   AND i.v !~ '[0-9_@{<]'
   AND pg_catalog.regexp_split_to_array(pg_catalog.lower(i.v), '[^a-z]+') && %(first_names)s::pg_catalog.text[]
