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
