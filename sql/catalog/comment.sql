-- purpose: describe every comment on an object of the database
-- needs: CONNECT
-- returns: identity, belongs_to, physical, attributes
SELECT o.type || ' ' || o.identity AS identity,
       CASE WHEN c.oid IS NOT NULL THEN
           pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) END AS belongs_to,
       d.classoid::pg_catalog.text || '.' || d.objoid::pg_catalog.text
           || '.' || d.objsubid::pg_catalog.text AS physical,
       pg_catalog.jsonb_build_object('text', d.description) AS attributes
  FROM pg_catalog.pg_description AS d
 CROSS JOIN LATERAL pg_catalog.pg_identify_object(d.classoid, d.objoid, d.objsubid) AS o
  LEFT JOIN pg_catalog.pg_constraint AS k
         ON d.classoid = 'pg_catalog.pg_constraint'::pg_catalog.regclass AND k.oid = d.objoid
  LEFT JOIN pg_catalog.pg_trigger AS t
         ON d.classoid = 'pg_catalog.pg_trigger'::pg_catalog.regclass AND t.oid = d.objoid
  LEFT JOIN pg_catalog.pg_index AS i
         ON d.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass AND i.indexrelid = d.objoid
  LEFT JOIN pg_catalog.pg_class AS c
         ON c.oid = COALESCE(k.conrelid, t.tgrelid, i.indrelid,
                             CASE d.classoid WHEN 'pg_catalog.pg_class'::pg_catalog.regclass THEN d.objoid END)
        AND c.relkind IN ('r', 'p', 'f', 'v', 'm')
  LEFT JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 WHERE (d.objoid >= 16384 OR (d.objoid = 2200 AND d.description <> 'standard public schema'))
   AND COALESCE(n.nspname, o.schema, o.name, '') !~ '^(_rehearse|pg_toast|pg_temp)'
   AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend AS e
                    WHERE e.deptype = 'e'
                      AND ((e.classid = d.classoid AND e.objid = d.objoid)
                           OR (e.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND e.objid = c.oid)))
 ORDER BY 1
