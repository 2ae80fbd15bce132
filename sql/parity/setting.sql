-- purpose: list the settings that sessions begin with; commands as a digest, what holds a password not at all
-- needs: CONNECT; pg_read_all_settings for a few of them
-- returns: name, importance (NULL: that of the setting told), expected, compared (NULL: not to be read), told, remark
SELECT s.name,
       NULL AS importance,
       false AS expected,
       CASE WHEN s.source IN ('client', 'user', 'database user', 'session', 'interactive', 'test') THEN NULL
            WHEN s.name ~ '_command$' AND s.vartype = 'string'
            THEN pg_catalog.jsonb_build_object(
                     'value_digest',
                     CASE WHEN s.setting NOT IN ('', '(disabled)') THEN pg_catalog.encode(pg_catalog.sha256(
                         pg_catalog.convert_to(s.setting, 'UTF8')), 'hex') END,
                     'pending_restart', s.pending_restart)
            ELSE pg_catalog.jsonb_build_object('value', pg_catalog.current_setting(s.name, true),
                                               'pending_restart', s.pending_restart)
       END AS compared,
       pg_catalog.jsonb_build_object('setting', s.name, 'source', s.source) AS told,
       CASE WHEN s.source IN ('client', 'session', 'interactive', 'test')
            THEN 'this connection sets it itself, which hides the server''s value'
            WHEN s.source IN ('user', 'database user')
            THEN 'ALTER ROLE ' || pg_catalog.quote_ident(SESSION_USER)
                 || ' SET hides the server''s value from this connection'
            WHEN s.pending_restart
            THEN 'was changed in the configuration and is not in force yet: restart the server' END AS remark
  FROM pg_catalog.pg_settings AS s
 WHERE s.name NOT IN ('primary_conninfo', 'ssl_passphrase_command', 'application_name', 'transaction_isolation',
                      'transaction_read_only', 'transaction_deferrable')
   AND s.name NOT LIKE 'rehearse.' || pg_catalog.chr(37)
 UNION ALL
SELECT h.name, NULL, false, NULL, pg_catalog.jsonb_build_object('setting', h.name),
       'only members of pg_read_all_settings may read it'
  FROM pg_catalog.unnest(ARRAY['jit_provider', 'session_preload_libraries', 'shared_preload_libraries', 'ssl_ciphers',
                               'ssl_max_protocol_version', 'ssl_min_protocol_version']) AS h (name)
 WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_settings AS s WHERE s.name = h.name)
 ORDER BY 1
