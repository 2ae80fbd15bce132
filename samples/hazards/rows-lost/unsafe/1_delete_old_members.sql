DELETE FROM members WHERE last_seen < '2020-01-01';  -- and, by ON DELETE CASCADE, their invoices
