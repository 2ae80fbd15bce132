-- purpose: describe the default privileges that roles have set for objects to come
-- needs: CONNECT
-- returns: identity, belongs_to, physical, attributes
SELECT pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(d.defaclrole))
           || CASE WHEN n.oid IS NULL THEN '' ELSE ' in ' || pg_catalog.quote_ident(n.nspname) END
           || ' on ' || CASE d.defaclobjtype WHEN 'r' THEN 'tables' WHEN 'S' THEN 'sequences' WHEN 'f' THEN 'functions'
                                             WHEN 'T' THEN 'types' WHEN 'n' THEN 'schemas'
                                             ELSE 'large objects' END AS identity,
       NULL::pg_catalog.text AS belongs_to,
       d.oid::pg_catalog.text AS physical,
       pg_catalog.jsonb_build_object(
           'privileges', (
               SELECT pg_catalog.jsonb_agg(p.privilege ORDER BY p.privilege)
                 FROM (SELECT DISTINCT
                              e.privilege_type || ' to ' || CASE WHEN e.grantee = 0 THEN 'PUBLIC'
                                  ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(e.grantee)) END
                              || CASE WHEN e.is_grantable THEN ' with grant option' ELSE '' END AS privilege
                         FROM pg_catalog.aclexplode(d.defaclacl) AS e) AS p)
       ) AS attributes
  FROM pg_catalog.pg_default_acl AS d
  LEFT JOIN pg_catalog.pg_namespace AS n ON n.oid = d.defaclnamespace
 WHERE COALESCE(n.nspname, '') <> '_rehearse'
 ORDER BY 1
