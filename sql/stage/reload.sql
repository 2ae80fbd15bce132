-- purpose: have the stage's server read its configuration again
-- needs: a superuser on the stage
-- returns: sent (whether the signal was)
SELECT pg_catalog.pg_reload_conf() AS sent
 ORDER BY 1
