-- Tables whose rows come and go all the time, so that their space is used again. The defaults wait for
-- a fifth of a table to be dead, and let vacuum rest so often that it never ends on a busy one.

-- Inserted and deleted.
ALTER TABLE wait_member SET (autovacuum_vacuum_scale_factor = 0.1, autovacuum_vacuum_cost_limit = 1000);
ALTER TABLE payload SET (
  autovacuum_vacuum_scale_factor = 0.1, autovacuum_vacuum_cost_limit = 1000,
  toast.autovacuum_vacuum_scale_factor = 0.1, toast.autovacuum_vacuum_cost_limit = 1000);

-- Updated once or twice as well, none of it in an indexed column: room on the page keeps that HOT.
ALTER TABLE lock_request SET (
  fillfactor = 70, autovacuum_vacuum_scale_factor = 0.1, autovacuum_vacuum_cost_limit = 1000);
ALTER TABLE lock_holder SET (
  fillfactor = 70, autovacuum_vacuum_scale_factor = 0.1, autovacuum_vacuum_cost_limit = 1000);
ALTER TABLE connection_attempt SET (
  fillfactor = 60, autovacuum_vacuum_scale_factor = 0.1, autovacuum_vacuum_cost_limit = 1000);
ALTER TABLE idempotency_key SET (
  fillfactor = 60, autovacuum_vacuum_scale_factor = 0.1, autovacuum_vacuum_cost_limit = 1000);

-- Few rows, updated for ever.
ALTER TABLE lock SET (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.1, autovacuum_vacuum_cost_limit = 1000);
ALTER TABLE process_lease SET (fillfactor = 50);
ALTER TABLE shard_lease SET (fillfactor = 50);
