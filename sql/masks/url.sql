-- purpose: replace what follows the scheme of an address; keeps its shape, and escapes nothing
-- needs: a key, as rehearse.ip and rehearse.op in the startup packet
-- keeps: null, length, equality, validity
-- types: text, character varying, character, name, citext, ltree
-- meanings: url
-- returns: masked
SELECT x.scheme || %(text_of_rest)s AS masked
  FROM (SELECT s.scheme, pg_catalog.translate(pg_catalog.substr(s.v, pg_catalog.length(s.scheme) + 1),
                                              pg_catalog.chr(37), '_') AS rest
          FROM (SELECT %(plain)s AS v, COALESCE(pg_catalog.substring(%(plain)s,
                         '^(?:https?|ftps?|wss?|file|ssh|git|s3|postgres(?:ql)?|mailto|tel)(?:://|:)'), '') AS scheme
                OFFSET 0) AS s OFFSET 0) AS x
 WHERE x.rest IS NOT NULL
