UPDATE customers SET active = true WHERE id BETWEEN 1 AND 2000;
UPDATE customers SET active = true WHERE id BETWEEN 2001 AND 4000;
UPDATE customers SET active = true WHERE id BETWEEN 4001 AND 6000;
UPDATE customers SET active = true WHERE id BETWEEN 6001 AND 8000;
