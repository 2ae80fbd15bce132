-- purpose: replace the digits of a telephone number, but for the zeros it begins with; its first other digit is no zero
-- needs: a key, as rehearse.ip and rehearse.op in the startup packet
-- keeps: null, length, characters, equality
-- types: text, character varying, character, name, citext, ltree
-- meanings: phone
-- returns: masked
SELECT x.lead || pg_catalog.translate(pg_catalog.left(x.m, 1), '0', '7') || pg_catalog.substr(x.m, 2) AS masked
  FROM (SELECT s.lead, pg_catalog.substr(s.filled, pg_catalog.length(s.lead) + 1) AS m
          FROM (SELECT pg_catalog.substring(%(plain)s, '^[+(0 ]*') AS lead, %(fill_of_value)s AS filled OFFSET 0) AS s
         OFFSET 0) AS x
 WHERE x.m IS NOT NULL
