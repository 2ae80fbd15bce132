SET lock_timeout = '2s';
ALTER TABLE books ADD CONSTRAINT books_author FOREIGN KEY (author_id) REFERENCES authors NOT VALID;
ALTER TABLE books VALIDATE CONSTRAINT books_author;
