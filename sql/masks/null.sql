-- purpose: leave nothing
-- needs: nothing
-- keeps: nothing
-- types: any
-- meanings: none
-- returns: masked
SELECT NULL AS masked WHERE %(value)s IS NULL
