-- purpose: find an IP address, or a network's hardware address, that is all of a value
-- needs: nothing
-- returns: found
-- flags: device by 0.5
-- among: ^[0-9A-Fa-f]{1,4}[.:-][0-9A-Fa-f:]
SELECT pg_catalog.length(i.v) AS found
  FROM (SELECT %(value)s::pg_catalog.text COLLATE pg_catalog."C" AS v) AS i
 WHERE i.v ~ ('^((25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])[.]){3}(25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])(/[0-9]{1,2})?$'
              || '|^[0-9A-Fa-f]{2}([:-][0-9A-Fa-f]{2}){5}$'
              || '|^(?=.{3,43}$)(([0-9A-Fa-f]{1,4}:){7}[0-9A-Fa-f]{1,4}|[0-9A-Fa-f:]*::[0-9A-Fa-f:.]*)(/[0-9]{1,3})?$')
