-- purpose: read the statement_timeout new sessions of a role begin with, from a session that has none of its own
-- needs: CONNECT
-- returns: statement_timeout
SELECT COALESCE(
         (SELECT pg_catalog.split_part(o.option, '=', 2)
            FROM pg_catalog.pg_db_role_setting AS s
            JOIN pg_catalog.pg_roles AS r ON r.oid = s.setrole
           CROSS JOIN LATERAL pg_catalog.unnest(s.setconfig) AS o (option)
           WHERE r.rolname = %(role)s
             AND (s.setdatabase = 0 OR s.setdatabase = (SELECT d.oid FROM pg_catalog.pg_database AS d
                                                         WHERE d.datname = pg_catalog.current_database()))
             AND pg_catalog.starts_with(o.option, 'statement_timeout=')
           ORDER BY s.setdatabase DESC
           LIMIT 1),
         pg_catalog.current_setting('statement_timeout')) AS statement_timeout
