-- purpose: put a sequence where production's stands
-- needs: a superuser on the stage
-- returns: position (NULL if there is no such sequence)
SELECT pg_catalog.setval(pg_catalog.to_regclass(%(sequence)s), %(last_value)s::pg_catalog.int8,
                         %(is_called)s::pg_catalog.bool) AS position
 ORDER BY 1
