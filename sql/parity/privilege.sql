-- purpose: list who may do what with which object, where that is not what the owner, PUBLIC and initdb began with
-- needs: CONNECT
-- returns: name, importance, expected, compared, told, remark
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
     UNION ALL
    SELECT 'pg_catalog.pg_database'::pg_catalog.regclass, d.oid, 0, NULL::pg_catalog.oid,
           d.datacl, pg_catalog.acldefault('d', d.datdba)
      FROM pg_catalog.pg_database AS d
     WHERE d.datname = pg_catalog.current_database()
     UNION ALL
    SELECT 'pg_catalog.pg_tablespace'::pg_catalog.regclass, t.oid, 0, NULL::pg_catalog.oid,
           t.spcacl, pg_catalog.acldefault('t', t.spcowner)
      FROM pg_catalog.pg_tablespace AS t
), changed (classid, objid, objsubid, schema, given, builtin) AS (
    SELECT a.classid, a.objid, a.objsubid, a.schema, a.given,
           CASE WHEN a.classid = 'pg_catalog.pg_namespace'::pg_catalog.regclass AND a.objid = 2200 THEN a.builtin
                ELSE COALESCE((SELECT i.initprivs FROM pg_catalog.pg_init_privs AS i
                                WHERE i.classoid = a.classid AND i.objoid = a.objid AND i.objsubid = a.objsubid),
                              a.builtin) END
      FROM acl AS a
     WHERE a.given IS NOT NULL
), entry (classid, objid, objsubid, schema, grantee, privilege, grantable, given) AS (
    SELECT c.classid, c.objid, c.objsubid, c.schema, e.grantee, e.privilege_type, e.is_grantable, true
      FROM changed AS c
     CROSS JOIN LATERAL pg_catalog.aclexplode(c.given) AS e
     UNION ALL
    SELECT c.classid, c.objid, c.objsubid, c.schema, e.grantee, e.privilege_type, e.is_grantable, false
      FROM changed AS c
     CROSS JOIN LATERAL pg_catalog.aclexplode(c.builtin) AS e
), held AS (
    SELECT e.classid, e.objid, e.objsubid, e.schema, e.grantee,
           COALESCE(pg_catalog.jsonb_agg(DISTINCT e.privilege)
                        FILTER (WHERE e.given AND e.privilege <> 'MAINTAIN'), '[]') AS privileges,
           COALESCE(pg_catalog.jsonb_agg(DISTINCT e.privilege)
                        FILTER (WHERE e.given AND e.grantable AND e.privilege <> 'MAINTAIN'), '[]') AS grantable,
           COALESCE(pg_catalog.bool_or(e.given AND e.privilege = 'MAINTAIN'), false) AS maintain
      FROM entry AS e
     GROUP BY 1, 2, 3, 4, 5
    HAVING pg_catalog.jsonb_agg(DISTINCT e.privilege) FILTER (WHERE e.given)
           IS DISTINCT FROM pg_catalog.jsonb_agg(DISTINCT e.privilege) FILTER (WHERE NOT e.given)
        OR COALESCE(pg_catalog.bool_or(e.grantable) FILTER (WHERE e.given), false)
           <> COALESCE(pg_catalog.bool_or(e.grantable) FILTER (WHERE NOT e.given), false)
)
SELECT CASE WHEN h.classid = 'pg_catalog.pg_database'::pg_catalog.regclass THEN 'database'
            ELSE o.type || ' ' || o.identity END
           || ' to ' || CASE WHEN h.grantee = 0 THEN 'PUBLIC'
                             ELSE pg_catalog.pg_get_userbyid(h.grantee)::pg_catalog.text END AS name,
       'access' AS importance,
       true AS expected,
       pg_catalog.jsonb_build_object('privileges', h.privileges, 'grantable', h.grantable)
       || CASE WHEN pg_catalog.current_setting('server_version_num')::pg_catalog.int4 < 170000
               THEN pg_catalog.jsonb_build_object()
               ELSE pg_catalog.jsonb_build_object('maintain', h.maintain) END AS compared,
       pg_catalog.jsonb_build_object() AS told,
       NULL AS remark
  FROM held AS h
 CROSS JOIN LATERAL pg_catalog.pg_identify_object(h.classid, h.objid, h.objsubid) AS o
  LEFT JOIN pg_catalog.pg_namespace AS n ON n.oid = h.schema
 WHERE COALESCE(n.nspname, '') !~ '^(_rehearse$|information_schema$|pg_(toast|temp))'
 ORDER BY 1
