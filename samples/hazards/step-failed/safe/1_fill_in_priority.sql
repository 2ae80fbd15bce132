UPDATE tickets SET priority = 3 WHERE priority IS NULL;
