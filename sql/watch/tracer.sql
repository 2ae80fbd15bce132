-- purpose: read what the tracer consists of, and who could change it; whatever touches a part, and be it to put it back, changes this
-- needs: CONNECT
-- returns: triggers (that always fire), versions (of the rows that define them), superusers
SELECT pg_catalog.count(*) FILTER (WHERE e.evtenabled = 'A') AS triggers,
       pg_catalog.string_agg(pg_catalog.concat_ws(' ', e.evtname, e.oid, e.xmin, p.oid, p.xmin), ', ' ORDER BY e.evtname) AS versions,
       (SELECT pg_catalog.string_agg(r.rolname, ', ' ORDER BY r.rolname)
          FROM pg_catalog.pg_roles AS r
         WHERE r.rolsuper) AS superusers
  FROM pg_catalog.pg_event_trigger AS e
  JOIN pg_catalog.pg_proc AS p ON p.oid = e.evtfoid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
 WHERE n.nspname = '_rehearse'
 ORDER BY 1
