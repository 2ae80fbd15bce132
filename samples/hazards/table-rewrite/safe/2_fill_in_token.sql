UPDATE orders SET token = gen_random_uuid() WHERE id BETWEEN 1 AND 3000 AND token IS NULL;
UPDATE orders SET token = gen_random_uuid() WHERE id BETWEEN 3001 AND 6000 AND token IS NULL;
UPDATE orders SET token = gen_random_uuid() WHERE id BETWEEN 6001 AND 9000 AND token IS NULL;
UPDATE orders SET token = gen_random_uuid() WHERE id BETWEEN 9001 AND 12000 AND token IS NULL;
