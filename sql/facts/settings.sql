-- purpose: list the settings that differ from their default, without what may hold a secret
-- needs: CONNECT
-- returns: name, value
SELECT s.name, pg_catalog.current_setting(s.name) AS value
  FROM pg_catalog.pg_settings AS s
 WHERE s.source IN ('configuration file', 'environment variable', 'command line', 'global')
   AND s.setting IS DISTINCT FROM s.boot_val
   AND s.name NOT IN ('primary_conninfo', 'archive_command', 'restore_command', 'ssl_passphrase_command',
                      'application_name', 'recovery_end_command', 'archive_cleanup_command')
   AND s.name NOT LIKE 'rehearse.' || pg_catalog.chr(37)
 ORDER BY s.name
