-- purpose: put a sequence where production's stands
-- needs: a superuser on the stage
-- returns: position
SELECT pg_catalog.setval(%(sequence)s::pg_catalog.regclass, %(last_value)s::pg_catalog.int8, %(is_called)s::pg_catalog.bool)
       AS position
 ORDER BY 1
