SET lock_timeout = '2s';
ALTER TABLE members DROP CONSTRAINT members_card_key;  -- INSERT ... ON CONFLICT (card) fails from here on
