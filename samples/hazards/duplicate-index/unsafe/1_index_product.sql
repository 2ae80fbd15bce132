CREATE INDEX CONCURRENTLY prices_product ON prices (product);  -- the primary key begins with it
