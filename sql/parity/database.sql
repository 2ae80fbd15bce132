-- purpose: describe the connected database: encoding, locales and their versions, owner, limits
-- needs: CONNECT
-- returns: name, importance, expected, compared, told, remark
WITH found AS (
    SELECT d.datname, d.encoding, d.datdba, d.datcollate, d.datctype, d.dattablespace, d.datconnlimit, d.datallowconn,
           d.datistemplate, pg_catalog.to_jsonb(d) AS more,
           CASE WHEN pg_catalog.current_setting('server_version_num')::pg_catalog.int4 >= 150000
                THEN pg_catalog.pg_collation_actual_version(100) END AS actual
      FROM pg_catalog.pg_database AS d
     WHERE d.datname = pg_catalog.current_database()
)
SELECT p.name, p.importance, false AS expected,
       pg_catalog.jsonb_build_object('value', p.value) AS compared,
       pg_catalog.jsonb_build_object() AS told,
       CASE WHEN p.name = 'collation_version' AND f.more ->> 'datcollversion' <> f.actual
            THEN 'was made with collation version ' || (f.more ->> 'datcollversion') || ', the library now has '
                 || f.actual || ': indexes on text may be corrupt. REINDEX DATABASE '
                 || pg_catalog.quote_ident(f.datname) || ', then ALTER DATABASE '
                 || pg_catalog.quote_ident(f.datname) || ' REFRESH COLLATION VERSION' END AS remark
  FROM found AS f
 CROSS JOIN LATERAL (
       VALUES ('encoding', 'results', pg_catalog.to_jsonb(pg_catalog.pg_encoding_to_char(f.encoding))),
              ('collate', 'results', pg_catalog.to_jsonb(f.datcollate::pg_catalog.text)),
              ('ctype', 'results', pg_catalog.to_jsonb(f.datctype::pg_catalog.text)),
              ('locale_provider', 'results',
               pg_catalog.to_jsonb(CASE f.more ->> 'datlocprovider' WHEN 'i' THEN 'icu' WHEN 'b' THEN 'builtin'
                                                                    ELSE 'libc' END)),
              ('locale', 'results',
               pg_catalog.to_jsonb(COALESCE(f.more ->> 'datlocale', f.more ->> 'daticulocale'))),
              ('icu_rules', 'results', f.more -> 'daticurules'),
              ('collation_version', 'results', f.more -> 'datcollversion'),
              ('collation_version_now', 'results', pg_catalog.to_jsonb(f.actual)),
              ('owner', 'access', pg_catalog.to_jsonb(pg_catalog.pg_get_userbyid(f.datdba)::pg_catalog.text)),
              ('tablespace', 'other',
               (SELECT pg_catalog.to_jsonb(t.spcname::pg_catalog.text)
                  FROM pg_catalog.pg_tablespace AS t
                 WHERE t.oid = f.dattablespace)),
              ('connection_limit', 'locks', pg_catalog.to_jsonb(f.datconnlimit)),
              ('allows_connections', 'other', pg_catalog.to_jsonb(f.datallowconn)),
              ('is_template', 'other', pg_catalog.to_jsonb(f.datistemplate))) AS p (name, importance, value)
 WHERE p.value IS NOT NULL OR p.name IN ('locale', 'collation_version', 'collation_version_now')
 ORDER BY 1
