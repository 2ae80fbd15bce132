SET lock_timeout = '2s';
ALTER TYPE fare ADD VALUE 'reduced';  -- beside 'child', until no code writes that any more
