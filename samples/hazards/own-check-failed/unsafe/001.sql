-- The plan of the spring campaign, its discount taken off a price it does not have.
INSERT INTO plans VALUES (21, 0 - 5);
