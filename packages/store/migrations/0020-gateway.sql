-- What the gateway needs besides the core: who this installation is, how many logins failed, and
-- how long a request may hold its Idempotency-Key before another may take it over.

-- One row, for ever: the organization of every record of this installation.
CREATE TABLE installation (
  only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
  organization_id uuid NOT NULL DEFAULT gen_random_uuid(),
  created_at timestamptz NOT NULL DEFAULT clock()
);
INSERT INTO installation DEFAULT VALUES;

-- A login names no workspace, so neither does this. account is lower case and need not exist.
CREATE TABLE login_failure (
  account text NOT NULL,
  address text NOT NULL,
  failures integer NOT NULL,
  first_at timestamptz NOT NULL DEFAULT clock(),
  locked_until timestamptz,
  PRIMARY KEY (account, address)
);

-- A request that dies leaves its key without an answer: after the lease, the same request may go on.
ALTER TABLE idempotency_key ADD COLUMN lease_until timestamptz NOT NULL DEFAULT clock() + interval '60 s';
CREATE INDEX idempotency_key_age ON idempotency_key (created_at);

-- Passwords are set by people; a record says when.
ALTER TABLE "user" ADD COLUMN modified_at timestamptz NOT NULL DEFAULT clock();
