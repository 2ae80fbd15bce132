-- purpose: say whether a relation exists on the stage
-- needs: CONNECT to the stage
-- returns: relation (NULL if there is none)
SELECT pg_catalog.to_regclass(%(identity)s)::pg_catalog.oid AS relation
 ORDER BY 1
