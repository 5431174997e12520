-- The words that type, status and beneath may be, as domains. Postgres parses a table's CHECKs anew in
-- every statement that writes to it, some 15 µs each where storing one ended execution takes 250.
-- Rewrites the table, and holds it meanwhile: some 10 s per million executions.
-- Printed by packages/execution/src/checks.ts, whose test compares them.
CREATE DOMAIN execution_type AS text CONSTRAINT execution_type_known CHECK (VALUE IN ('FLOW', 'SCRIPT', 'CONNECTION', 'SCHEDULE', 'WRAPPER'));
CREATE DOMAIN execution_status AS text CONSTRAINT execution_status_known CHECK (VALUE IN ('SCHEDULED', 'WAITING_DEPENDENCY', 'WAITING_LOCK', 'WAITING_RESPONSE', 'WAITING_ENGINE', 'AT_ENGINE', 'PAUSED', 'LOST', 'ENDED_SUCCESS', 'ENDED_ERROR', 'ENDED_CANCELLED'));
CREATE DOMAIN execution_beneath AS text CONSTRAINT execution_beneath_known CHECK (VALUE IN ('SCHEDULED', 'WAITING_DEPENDENCY', 'WAITING_LOCK', 'WAITING_RESPONSE', 'WAITING_ENGINE'));
ALTER TABLE execution
  DROP CONSTRAINT execution_type_known,
  DROP CONSTRAINT execution_status_known,
  DROP CONSTRAINT execution_beneath_known,
  ALTER COLUMN type TYPE execution_type,
  ALTER COLUMN status TYPE execution_status,
  ALTER COLUMN beneath TYPE execution_beneath;
