-- purpose: replace a network as an address is replaced, with no bit set beyond its prefix
-- needs: a key, as rehearse.ip and rehearse.op in the startup packet
-- keeps: null, equality, validity
-- types: cidr
-- meanings: anything, device
-- returns: masked
SELECT pg_catalog.network(x.m::pg_catalog.inet)::pg_catalog.text AS masked
  FROM (SELECT %(inet_of_value)s AS m) AS x
