UPDATE accounts SET cents = cents + 1;  -- whoever pays anything in waits for all of it
