INSERT INTO roles (name) VALUES ('owner'), ('auditor');
