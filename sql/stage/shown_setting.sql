-- purpose: have the server write a setting's value as SHOW would, and forget it with the transaction
-- needs: CONNECT to any database of the stage's server
-- returns: value
SELECT pg_catalog.set_config(%(name)s, %(value)s, true) AS value
 ORDER BY 1
