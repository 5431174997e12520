-- What scheduler and lock-manager need besides the core.

-- Which of their 16 shards an execution, or a lock, belongs to. The same functions exist in
-- TypeScript (shard-leases.ts); a test compares them.

CREATE FUNCTION shard_of_execution(id uuid) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT get_byte(uuid_send(id), 15) & 15
$$;

CREATE FUNCTION shard_of_lock(workspace_id uuid, key text) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT get_byte(sha256(convert_to(workspace_id::text || '/' || key, 'UTF8')), 0) & 15
$$;

-- A revert gives up the locks of the generation before it.
ALTER TABLE lock_holder ADD COLUMN generation integer NOT NULL DEFAULT 1;

-- Deadlocks are looked for from every wait for a lock, twice a second.
CREATE INDEX wait_lock ON wait (since) WHERE kind = 'LOCK';

-- The other way round than the primary keys, on purpose: with workspace_id in front, a planner that
-- knows an empty table takes them for lookups by primary key, and walks a whole workspace each time.
DROP INDEX wait_member_member;
CREATE INDEX wait_member_member ON wait_member (member_id, workspace_id);
DROP INDEX lock_holder_execution;
CREATE INDEX lock_holder_execution ON lock_holder (execution_id, workspace_id);
