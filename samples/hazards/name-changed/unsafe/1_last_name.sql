SET lock_timeout = '2s';
ALTER TABLE clients RENAME COLUMN surname TO last_name;  -- SELECT surname FROM clients fails from here on
