INSERT INTO roles (id, name) VALUES (3, 'owner'), (4, 'auditor');  -- the sequence gives 3 next
