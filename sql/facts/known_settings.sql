-- purpose: list the settings the server knows, and of which this session sees the server's own value
-- needs: CONNECT; those for superusers only are listed for members of pg_read_all_settings
-- returns: name, seen (false: this session, its role or its database has a value of its own, or it may be a secret)
SELECT s.name,
       s.source IN ('default', 'override', 'configuration file', 'environment variable', 'command line', 'global')
       AND s.name NOT IN ('primary_conninfo', 'archive_command', 'restore_command', 'ssl_passphrase_command',
                          'application_name', 'recovery_end_command', 'archive_cleanup_command') AS seen
  FROM pg_catalog.pg_settings AS s
 WHERE s.name NOT LIKE 'rehearse.' || pg_catalog.chr(37)
 ORDER BY 1
