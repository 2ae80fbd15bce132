-- purpose: leave of a document's lexemes that there is one
-- needs: nothing
-- keeps: null, validity
-- types: tsvector
-- meanings: anything
-- returns: masked
SELECT CASE WHEN x.v IS NOT NULL THEN '' END AS masked
  FROM (SELECT %(value)s AS v) AS x
