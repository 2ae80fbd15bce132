-- The plan of the spring campaign.
INSERT INTO plans VALUES (21, 100 - 5);
