-- Another plan for a year; the one for a quarter comes once no server runs the old release any more.
INSERT INTO plans VALUES (21, 12);
