-- purpose: replace digits by digits and letters by letters: numbers of up to 18 digits as a permutation
-- needs: a key, as rehearse.ip and rehearse.op in the startup packet
-- keeps: null, length, characters, equality, uniqueness
-- types: text, character varying, character, name, citext, ltree
-- meanings: none
-- draws: all
-- returns: masked
SELECT %(text_of_value)s AS masked
