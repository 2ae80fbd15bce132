-- purpose: change a setting of this session, if it began with what we sent in the startup packet; a pooler's does not
-- needs: CONNECT
-- returns: value (NULL: another session than the one that was asked for, and nothing was changed in it)
SELECT CASE WHEN pg_catalog.current_setting('rehearse.session', true) = %(mark)s
            THEN pg_catalog.set_config(%(setting)s, %(wanted)s, false) END AS value
 ORDER BY 1
