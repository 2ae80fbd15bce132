-- purpose: describe every text search configuration with the dictionaries of each kind of token
-- needs: CONNECT
-- returns: identity, belongs_to, physical, attributes
SELECT pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.cfgname) AS identity,
       NULL::pg_catalog.text AS belongs_to,
       c.oid::pg_catalog.text AS physical,
       pg_catalog.jsonb_build_object(
           'owner', pg_catalog.pg_get_userbyid(c.cfgowner),
           'parser', pg_catalog.quote_ident(pn.nspname) || '.' || pg_catalog.quote_ident(p.prsname),
           'mappings', (
               SELECT pg_catalog.jsonb_object_agg(m.token, m.dictionaries)
                 FROM (SELECT t.alias AS token,
                              pg_catalog.jsonb_agg(u.mapdict::pg_catalog.regdictionary::pg_catalog.text
                                                   ORDER BY u.mapseqno) AS dictionaries
                         FROM pg_catalog.pg_ts_config_map AS u
                         JOIN pg_catalog.ts_token_type(c.cfgparser) AS t (tokid, alias, description)
                              ON t.tokid = u.maptokentype
                        WHERE u.mapcfg = c.oid
                        GROUP BY t.alias) AS m)
       ) AS attributes
  FROM pg_catalog.pg_ts_config AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.cfgnamespace
  JOIN pg_catalog.pg_ts_parser AS p ON p.oid = c.cfgparser
  JOIN pg_catalog.pg_namespace AS pn ON pn.oid = p.prsnamespace
 WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', '_rehearse')
   AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend AS e
                    WHERE e.classid = 'pg_catalog.pg_ts_config'::pg_catalog.regclass
                      AND e.objid = c.oid AND e.deptype = 'e')
 ORDER BY 1
