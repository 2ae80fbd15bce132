UPDATE members SET archived = true WHERE last_seen < '2020-01-01';
