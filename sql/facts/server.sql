-- purpose: say what server and database this is
-- needs: CONNECT
-- returns: taken_at, database, oid, owner, encoding, collate, ctype, locale, version_num, version, superuser, in_recovery, large_objects
SELECT pg_catalog.now() AS taken_at,
       d.datname::pg_catalog.text AS database,
       d.oid::pg_catalog.int8 AS oid,
       pg_catalog.pg_get_userbyid(d.datdba)::pg_catalog.text AS owner,
       pg_catalog.pg_encoding_to_char(d.encoding)::pg_catalog.text AS encoding,
       d.datcollate::pg_catalog.text AS collate,
       d.datctype::pg_catalog.text AS ctype,
       (SELECT pg_catalog.jsonb_build_object(
                   'provider', CASE m.more ->> 'datlocprovider' WHEN 'i' THEN 'icu' WHEN 'b' THEN 'builtin'
                                                                ELSE 'libc' END,
                   'name', COALESCE(m.more ->> 'datlocale', m.more ->> 'daticulocale'),
                   'icu_rules', m.more ->> 'daticurules')
          FROM (SELECT pg_catalog.to_jsonb(d) AS more) AS m) AS locale,
       pg_catalog.current_setting('server_version_num')::pg_catalog.int4 AS version_num,
       pg_catalog.current_setting('server_version') AS version,
       (SELECT r.rolsuper FROM pg_catalog.pg_roles AS r WHERE r.rolname = CURRENT_USER) AS superuser,
       pg_catalog.pg_is_in_recovery() AS in_recovery,
       (SELECT pg_catalog.count(*) FROM pg_catalog.pg_largeobject_metadata) AS large_objects
  FROM pg_catalog.pg_database AS d
 WHERE d.datname = pg_catalog.current_database()
 ORDER BY 1
