CREATE UNIQUE INDEX CONCURRENTLY members_card ON members (card) INCLUDE (club);  -- outside any transaction
