-- purpose: leave nothing
-- needs: nothing
-- keeps: nothing
-- types: any
-- meanings: none
-- draws: all
-- returns: masked
SELECT NULL AS masked WHERE %(value)s IS NULL
