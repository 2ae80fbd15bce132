-- purpose: replace a point by another of degrees that are possible
-- needs: a key, as rehearse.ip and rehearse.op in the startup packet
-- keeps: null, equality, validity
-- types: point
-- meanings: anything, geo
-- returns: masked
SELECT '(' || %(geo_of_across)s || ',' || %(geo_of_up)s || ')' AS masked
  FROM (SELECT (%(value)s)[0] AS across, (%(value)s)[1] AS up OFFSET 0) AS x
