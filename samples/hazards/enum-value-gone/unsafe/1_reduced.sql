SET lock_timeout = '2s';
ALTER TYPE fare RENAME VALUE 'child' TO 'reduced';  -- WHERE fare = 'child' fails from here on
