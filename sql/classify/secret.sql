-- purpose: find a secret in a value by its form: private key, JSON Web Token, key of a known service, password hash, URL with a password
-- needs: nothing
-- returns: found
-- flags: secret by one
-- among: PRIVATE KEY|eyJ|AKIA|ASIA|gh[pousr]_|github_pat|glpat-|xox[a-z]-|AIza|ya29|_live_|_test_|SG[.]|[$][0-9a-z]|SHA|scrypt|pbkdf2|://[^/]*@
SELECT pg_catalog.length(pg_catalog.substring(i.v,
           '(-----BEGIN [A-Z ]*PRIVATE KEY-----|\yeyJ[\w-]{8,}[.]eyJ[\w-]{8,}[.][\w-]{8,}|\y(?:AKIA|ASIA)[A-Z2-7]{16}\y'
           || '|\ygh[pousr]_[A-Za-z0-9]{36}|\ygithub_pat_\w{22}|\yglpat-[\w-]{20,}|\yxox[abeoprs]-[A-Za-z0-9-]{10,}'
           || '|\yAIza[\w-]{35}|\yya29[.][\w-]{20,}|\y[sr]k_(?:live|test)_[A-Za-z0-9]{16,}|\ySG[.][\w-]{16,}[.][\w-]{16,}'
           || '|[$]2[abxy][$][0-9]{2}[$][./A-Za-z0-9]{53}|[$]argon2(?:id|i|d)[$][^[:space:]]{20,}|[$]pbkdf2[\w-]*[$][^[:space:]]{20,}'
           || '|\ypbkdf2_sha[0-9]+[$][0-9]+[$][^[:space:]]{20,}|[$][156y][$][./A-Za-z0-9$=,]{20,}|[{]S?SHA[0-9]*[}][A-Za-z0-9+/=]{20,}'
           || '|\ySCRAM-SHA-256[$][0-9]+:[^[:space:]]{20,}|\yscrypt:[0-9]+:[0-9]+:[0-9]+[$][^[:space:]]{20,}'
           || '|\y[a-z][a-z0-9+.-]{1,20}://[^[:space:]:/@'']{0,64}:[^[:space:]:/@'']{1,128}@)')) AS found
  FROM (SELECT %(value)s::pg_catalog.text COLLATE pg_catalog."C" AS v) AS i
 WHERE pg_catalog.length(i.v) >= 12
