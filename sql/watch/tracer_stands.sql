-- purpose: count the tracer's event triggers that are in place and always fire
-- needs: CONNECT
-- returns: standing
SELECT pg_catalog.count(*) AS standing
  FROM pg_catalog.pg_event_trigger AS e
  JOIN pg_catalog.pg_proc AS p ON p.oid = e.evtfoid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
 WHERE n.nspname = '_rehearse'
   AND e.evtenabled = 'A'
