UPDATE invoices SET total = 0 WHERE total < 0;
