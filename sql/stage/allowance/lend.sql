-- purpose: lend a superuser's rights to a role from the start of an allowed command to its end; an error takes them back, too
-- needs: superuser of the stage
-- returns: nothing
CREATE FUNCTION _rehearse.lend() RETURNS pg_catalog.event_trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $lend$
DECLARE
  borrower CONSTANT pg_catalog.text := COALESCE(NULLIF(pg_catalog.current_setting('role'), 'none'), SESSION_USER);
BEGIN
  IF SESSION_USER = CURRENT_USER THEN
    RETURN;
  END IF;
  IF TG_EVENT = 'ddl_command_start' THEN
    INSERT INTO _rehearse.lent (session) VALUES (pg_catalog.pg_backend_pid());
    EXECUTE 'ALTER ROLE ' || pg_catalog.quote_ident(borrower) || ' SUPERUSER';
    RETURN;
  END IF;
  DELETE FROM _rehearse.lent AS l
   WHERE l.ctid = (SELECT pg_catalog.max(m.ctid) FROM _rehearse.lent AS m WHERE m.session = pg_catalog.pg_backend_pid());
  IF NOT EXISTS (SELECT FROM _rehearse.lent AS l WHERE l.session = pg_catalog.pg_backend_pid()) THEN
    EXECUTE 'ALTER ROLE ' || pg_catalog.quote_ident(borrower) || ' NOSUPERUSER';
  END IF;
END
$lend$
