-- purpose: replace a person's name: letters by letters
-- needs: a key, as rehearse.ip and rehearse.op in the startup packet
-- keeps: null, length, characters, equality, folding
-- types: text, character varying, character, name, citext, ltree
-- meanings: name, login, person
-- draws: all
-- returns: masked
SELECT %(fill_of_value)s AS masked
