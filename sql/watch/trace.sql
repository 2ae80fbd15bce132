-- purpose: define the tracer: every DDL command writes its locks and scans to the server log
-- needs: superuser of the stage
-- returns: nothing
CREATE FUNCTION _rehearse.trace() RETURNS pg_catalog.event_trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET log_min_error_statement = panic
SET quote_all_identifiers = off
AS $trace$
BEGIN
  IF TG_EVENT = 'table_rewrite' THEN
    RAISE LOG USING MESSAGE = 'REHEARSE rewrite ' || pg_catalog.json_build_array(
      pg_catalog.pg_event_trigger_table_rewrite_oid()::pg_catalog.int8,
      pg_catalog.pg_event_trigger_table_rewrite_reason());
    RETURN;
  END IF;
  IF TG_EVENT = 'ddl_command_start' THEN
    RAISE LOG USING MESSAGE = 'REHEARSE start ' || pg_catalog.json_build_object(
      'tag', TG_TAG,
      'wal', CASE WHEN pg_catalog.current_setting('wal_level') <> 'minimal'
                  THEN pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_insert_lsn(), '0/0')
             END,
      'lock_timeout', pg_catalog.current_setting('lock_timeout'),
      'statement_timeout', pg_catalog.current_setting('statement_timeout'),
      'scans', (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(
                         w.relation::pg_catalog.int8,
                         pg_catalog.pg_stat_get_xact_numscans(w.relation),
                         pg_catalog.pg_stat_get_xact_tuples_returned(w.relation)))
                  FROM _rehearse.watched AS w
                 WHERE pg_catalog.pg_stat_get_xact_numscans(w.relation) > 0));
    RETURN;
  END IF;
  RAISE LOG USING MESSAGE = 'REHEARSE end ' || pg_catalog.json_build_object(
    'tag', TG_TAG,
    'wal', CASE WHEN pg_catalog.current_setting('wal_level') <> 'minimal'
                THEN pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_insert_lsn(), '0/0')
           END,
    'objects', (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(c.objid::pg_catalog.int8, c.object_identity))
                  FROM pg_catalog.pg_event_trigger_ddl_commands() AS c
                 WHERE c.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                   AND c.objsubid = 0),
    'locks', (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(l.relation::pg_catalog.int8, l.mode))
                FROM pg_catalog.pg_lock_status() AS l
               WHERE l.pid = pg_catalog.pg_backend_pid()
                 AND l.locktype = 'relation'
                 AND l.granted
                 AND l.mode <> 'AccessShareLock'
                 AND l.relation >= 16384
                 AND l.relation::pg_catalog.int8 <= (SELECT w.newest FROM _rehearse.watched AS w LIMIT 1)),
    'scans', (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(
                       w.relation::pg_catalog.int8,
                       pg_catalog.pg_stat_get_xact_numscans(w.relation),
                       pg_catalog.pg_stat_get_xact_tuples_returned(w.relation)))
                FROM _rehearse.watched AS w
               WHERE pg_catalog.pg_stat_get_xact_numscans(w.relation) > 0));
END
$trace$
