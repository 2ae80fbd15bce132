-- purpose: describe the privileges of every grantee on every object, where they are not what it began with
-- needs: CONNECT
-- returns: identity, belongs_to, physical, attributes
WITH acl (classid, objid, objsubid, schema, given, builtin) AS (
    SELECT 'pg_catalog.pg_class'::pg_catalog.regclass, c.oid, 0, c.relnamespace,
           c.relacl, pg_catalog.acldefault(CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END::pg_catalog."char", c.relowner)
      FROM pg_catalog.pg_class AS c
     WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
     UNION ALL
    SELECT 'pg_catalog.pg_class'::pg_catalog.regclass, a.attrelid, a.attnum, c.relnamespace,
           a.attacl, pg_catalog.acldefault('c', c.relowner)
      FROM pg_catalog.pg_attribute AS a
      JOIN pg_catalog.pg_class AS c ON c.oid = a.attrelid
     WHERE NOT a.attisdropped
     UNION ALL
    SELECT 'pg_catalog.pg_namespace'::pg_catalog.regclass, n.oid, 0, n.oid,
           n.nspacl, pg_catalog.acldefault('n', n.nspowner)
      FROM pg_catalog.pg_namespace AS n
     UNION ALL
    SELECT 'pg_catalog.pg_proc'::pg_catalog.regclass, p.oid, 0, p.pronamespace,
           p.proacl, pg_catalog.acldefault('f', p.proowner)
      FROM pg_catalog.pg_proc AS p
     UNION ALL
    SELECT 'pg_catalog.pg_type'::pg_catalog.regclass, t.oid, 0, t.typnamespace,
           t.typacl, pg_catalog.acldefault('T', t.typowner)
      FROM pg_catalog.pg_type AS t
     UNION ALL
    SELECT 'pg_catalog.pg_language'::pg_catalog.regclass, l.oid, 0, NULL::pg_catalog.oid,
           l.lanacl, pg_catalog.acldefault('l', l.lanowner)
      FROM pg_catalog.pg_language AS l
     UNION ALL
    SELECT 'pg_catalog.pg_foreign_server'::pg_catalog.regclass, s.oid, 0, NULL::pg_catalog.oid,
           s.srvacl, pg_catalog.acldefault('S', s.srvowner)
      FROM pg_catalog.pg_foreign_server AS s
     UNION ALL
    SELECT 'pg_catalog.pg_foreign_data_wrapper'::pg_catalog.regclass, w.oid, 0, NULL::pg_catalog.oid,
           w.fdwacl, pg_catalog.acldefault('F', w.fdwowner)
      FROM pg_catalog.pg_foreign_data_wrapper AS w
)
SELECT o.type || ' ' || o.identity || ' to ' || g.grantee AS identity,
       CASE WHEN c.oid IS NOT NULL THEN
           pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) END AS belongs_to,
       acl.classid::pg_catalog.oid::pg_catalog.text || '.' || acl.objid::pg_catalog.text
           || '.' || acl.objsubid::pg_catalog.text || '.' || g.role::pg_catalog.text AS physical,
       pg_catalog.jsonb_build_object('privileges', g.privileges, 'grantable', g.grantable) AS attributes
  FROM acl
  LEFT JOIN pg_catalog.pg_init_privs AS p
         ON p.classoid = acl.classid AND p.objoid = acl.objid AND p.objsubid = acl.objsubid
        AND acl.objid <> 2200  -- public: what differs from the built-in default is told of it, too
 CROSS JOIN LATERAL pg_catalog.pg_identify_object(acl.classid, acl.objid, acl.objsubid) AS o
 CROSS JOIN LATERAL (
       SELECT x.grantee AS role,
              CASE WHEN x.grantee = 0 THEN 'PUBLIC'
                   ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(x.grantee)) END AS grantee,
              COALESCE(pg_catalog.jsonb_agg(DISTINCT x.privilege_type) FILTER (WHERE x.given), '[]') AS privileges,
              COALESCE(pg_catalog.jsonb_agg(DISTINCT x.privilege_type) FILTER (WHERE x.given AND x.is_grantable),
                       '[]') AS grantable
         FROM (SELECT e.grantee, e.privilege_type, e.is_grantable, true AS given
                 FROM pg_catalog.aclexplode(acl.given) AS e
                UNION ALL
               SELECT e.grantee, e.privilege_type, e.is_grantable, false
                 FROM pg_catalog.aclexplode(COALESCE(p.initprivs, acl.builtin)) AS e) AS x
        GROUP BY x.grantee
       HAVING pg_catalog.jsonb_agg(DISTINCT x.privilege_type) FILTER (WHERE x.given)
              IS DISTINCT FROM pg_catalog.jsonb_agg(DISTINCT x.privilege_type) FILTER (WHERE NOT x.given)
           OR COALESCE(pg_catalog.bool_or(x.is_grantable) FILTER (WHERE x.given), false)) AS g
  LEFT JOIN pg_catalog.pg_namespace AS n ON n.oid = acl.schema
  LEFT JOIN pg_catalog.pg_class AS c
         ON acl.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND c.oid = acl.objid AND c.relkind <> 'S'
 WHERE acl.given IS NOT NULL
   AND acl.given IS DISTINCT FROM p.initprivs
   AND COALESCE(n.nspname, '') !~ '^(_rehearse$|information_schema$|pg_toast|pg_temp)'
 ORDER BY 1
