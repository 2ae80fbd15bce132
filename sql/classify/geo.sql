-- purpose: find a pair of degrees of latitude and longitude, with four decimals or more, that is all of a value
-- needs: nothing
-- returns: found
-- flags: geo by 0.3
-- among: [.][0-9]{4}.*[.][0-9]{4}
SELECT pg_catalog.length(i.v) AS found
  FROM (SELECT %(value)s::pg_catalog.text COLLATE pg_catalog."C" AS v) AS i
 WHERE i.v ~ '^ *(POINT)? *[(\[]? *-?([0-8]?[0-9]|90)[.][0-9]{4,}[ ,;]+-?(1[0-7][0-9]|180|[0-9]?[0-9])[.][0-9]{4,} *[)\]]? *$'
