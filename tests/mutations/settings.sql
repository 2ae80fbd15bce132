ALTER DATABASE mutant SET work_mem = '5MB'
ALTER DATABASE mutant SET search_path = shop, "Odd ""Schema""", public
ALTER DATABASE mutant SET app.region = 'eu'
ALTER DATABASE mutant RESET ALL
ALTER ROLE rehearse_witness SET statement_timeout = '5s'
ALTER ROLE rehearse_witness SET search_path = shop
ALTER ROLE rehearse_witness IN DATABASE mutant SET lock_timeout = '1s'
ALTER ROLE rehearse_witness IN DATABASE mutant SET search_path = ''
ALTER ROLE ALL IN DATABASE mutant SET work_mem = '6MB'
