-- purpose: replace an enum's label by the one a keyed number of places further
-- needs: a key, as rehearse.ip and rehearse.op in the startup packet
-- keeps: null, equality, uniqueness, validity
-- types: enum
-- meanings: anything
-- returns: masked
SELECT (x.labels)[1 + pg_catalog.mod((pg_catalog.array_position(x.labels, x.v)
                       + pg_catalog.get_byte(%(rounds)s, 0)), pg_catalog.cardinality(x.labels))]::pg_catalog.text
         AS masked
  FROM (SELECT %(value)s AS v, pg_catalog.enum_range(%(value)s) AS labels) AS x
 WHERE x.v IS NOT NULL
