-- purpose: leave a value as it is
-- needs: nothing
-- keeps: null, length, characters, equality, folding, uniqueness, order, magnitude, validity
-- types: any
-- meanings: none
-- returns: masked
SELECT %(value)s AS masked
