-- purpose: replace every value of a type by one and the same
-- needs: nothing
-- keeps: null, validity
-- types: boolean, time without time zone, time with time zone, interval, line, lseg, box, path, polygon, circle, tsquery, money, custom range, custom multirange
-- meanings: anything
-- returns: masked
SELECT CASE WHEN x.v IS NOT NULL THEN %(constant)s END AS masked
  FROM (SELECT %(value)s AS v) AS x
