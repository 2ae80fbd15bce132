UPDATE accounts SET cents = cents + 1 WHERE id BETWEEN 1 AND 40000;
UPDATE accounts SET cents = cents + 1 WHERE id BETWEEN 40001 AND 80000;
UPDATE accounts SET cents = cents + 1 WHERE id BETWEEN 80001 AND 120000;
UPDATE accounts SET cents = cents + 1 WHERE id BETWEEN 120001 AND 160000;
