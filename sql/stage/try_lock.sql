-- purpose: take the one place for a rehearsal there is on a server that is not ours, if it is free
-- needs: CONNECT
-- returns: taken
SELECT pg_catalog.pg_try_advisory_lock(1919248485, 1919247475) AS taken
 ORDER BY 1
