-- purpose: list the triggers that enforce foreign keys, and how each locks the other table
-- needs: CONNECT
-- returns: trigger, other (the table it looks into), writes (a cascade; otherwise it locks rows)
SELECT t.tgname::pg_catalog.text AS trigger,
       t.tgconstrrelid::pg_catalog.int8 AS other,
       p.proname ~ '^RI_FKey_(cascade|setnull|setdefault)_' AS writes
  FROM pg_catalog.pg_trigger AS t
  JOIN pg_catalog.pg_proc AS p ON p.oid = t.tgfoid
 WHERE t.tgisinternal
   AND t.tgconstrrelid <> 0
   AND p.pronamespace = 'pg_catalog'::pg_catalog.regnamespace
   AND pg_catalog.starts_with(p.proname::pg_catalog.text, 'RI_FKey_')
 ORDER BY 1
