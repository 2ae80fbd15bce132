-- A plan for a quarter, which only the new release can show.
INSERT INTO plans VALUES (21, 3);
