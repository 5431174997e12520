-- What retention needs: partitions by the time of birth, made ahead and dropped; and when payloads,
-- scripts and locks were last used. See docs/retention.md and docs/adr/0010-retention.md.

-- The smallest UUIDv7 of its millisecond: ids below it were made before.
CREATE FUNCTION uuid_at(at timestamptz) RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT (lpad(to_hex(greatest(0, floor(extract(epoch FROM at) * 1000))::bigint), 12, '0') || repeat('0', 20))::uuid
$$;

-- ── partitions ───────────────────────────────────────────────────────────────────────────────

-- What there is becomes the first partition, up to shortly after now, so that it can be dropped like
-- any other. The default is empty again: it takes what no partition is there for, as when nobody has
-- made one ahead, or an id is of a clock that is wrong, or an execution outlives its partition.
DO $$
DECLARE
  bound uuid := uuid_at(clock() + interval '5 min');
  part text;
BEGIN
  FOREACH part IN ARRAY ARRAY['savepoint', 'answer', 'log'] LOOP
    EXECUTE format('ALTER TABLE %1$I DETACH PARTITION %1$s_rest', part);
    EXECUTE format('ALTER TABLE %1$s_rest RENAME TO %1$s_first', part);
    EXECUTE format('ALTER INDEX %1$s_rest_pkey RENAME TO %1$s_first_pkey', part);
    EXECUTE format('CREATE TABLE %1$s_rest PARTITION OF %1$I DEFAULT', part);
    EXECUTE format(
      'WITH ahead AS (DELETE FROM %1$s_first WHERE execution_id >= $1 RETURNING *) INSERT INTO %1$I SELECT * FROM ahead',
      part) USING bound;
    EXECUTE format('ALTER TABLE %1$I ATTACH PARTITION %1$s_first FOR VALUES FROM (MINVALUE) TO (%2$L)', part, bound);
    -- Nothing in it is updated or deleted: it goes as a whole, long before its rows need freezing.
    EXECUTE format('ALTER TABLE %s_first SET (autovacuum_vacuum_insert_threshold = -1)', part);
  END LOOP;
END $$;

-- Makes the partition for ids from lower_id up to upper_id. All or nothing; gives up after 100 ms
-- rather than make writers queue behind it, and is then called again.
CREATE FUNCTION add_partition(parent regclass, lower_id uuid, upper_id uuid, name text) RETURNS void
LANGUAGE plpgsql SET lock_timeout = '100ms' AS $$
BEGIN
  EXECUTE format(
    'CREATE TABLE %I (LIKE %s INCLUDING ALL) WITH (autovacuum_vacuum_insert_threshold = -1)', name, parent);
  EXECUTE format('LOCK TABLE ONLY %s_rest IN ACCESS EXCLUSIVE MODE', parent);
  -- Ids of clocks that are ahead.
  EXECUTE format(
    'WITH ahead AS (DELETE FROM %s_rest WHERE execution_id >= $1 AND execution_id < $2 RETURNING *)
     INSERT INTO %I SELECT * FROM ahead', parent, name) USING lower_id, upper_id;
  EXECUTE format(
    'ALTER TABLE %s ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', parent, name, lower_id, upper_id);
END $$;

-- Executions by birth, at most so many. Workspace by workspace, since that is how the key begins.
CREATE FUNCTION executions_between(lower_id uuid, upper_id uuid, most integer)
RETURNS TABLE (workspace_id uuid, id uuid) LANGUAGE sql STABLE AS $$
  WITH RECURSIVE w(id) AS (
    (SELECT e.workspace_id FROM execution e ORDER BY e.workspace_id LIMIT 1)
    UNION ALL
    SELECT (SELECT e.workspace_id FROM execution e WHERE e.workspace_id > w.id ORDER BY e.workspace_id LIMIT 1)
    FROM w WHERE w.id IS NOT NULL
  )
  SELECT f.workspace_id, f.id
  FROM w CROSS JOIN LATERAL (
    SELECT e.workspace_id, e.id FROM execution e
    WHERE e.workspace_id = w.id AND e.id >= lower_id AND e.id < upper_id
    ORDER BY e.workspace_id, e.id LIMIT most
  ) f
  LIMIT most
$$;

-- Drops a partition after moving what executions that are still there have in it; returns the rows
-- moved. Null: it stays, for more than `most` live on, or it is no partition any more. All or nothing,
-- and right at any time: whoever writes meanwhile waits, and then finds the default partition.
CREATE FUNCTION drop_partition(parent regclass, part regclass, most integer) RETURNS integer
LANGUAGE plpgsql SET lock_timeout = '100ms' AS $$
DECLARE
  bounds text[] := regexp_match(
    (SELECT pg_get_expr(c.relpartbound, c.oid) FROM pg_class c WHERE c.oid = part),
    'FROM \((?:MINVALUE|''([0-9a-f-]+)'')\) TO \(''([0-9a-f-]+)''\)');
  lower_id uuid := coalesce(bounds[1], '00000000-0000-0000-0000-000000000000');
  upper_id uuid := bounds[2];
  moved integer;
BEGIN
  IF bounds IS NULL OR (SELECT count(*) > most FROM executions_between(lower_id, upper_id, most + 1)) THEN
    RETURN NULL;
  END IF;
  EXECUTE format('ALTER TABLE %s DETACH PARTITION %s', parent, part);
  -- Looked for again: only now does nobody write into it any more.
  EXECUTE format(
    'INSERT INTO %s SELECT p.* FROM executions_between($1, $2, NULL) e
     JOIN %s p ON p.workspace_id = e.workspace_id AND p.execution_id = e.id', parent, part)
    USING lower_id, upper_id;
  GET DIAGNOSTICS moved = ROW_COUNT;
  EXECUTE format('DROP TABLE %s', part);
  RETURN moved;
END $$;

-- ── what is shared ───────────────────────────────────────────────────────────────────────────

-- When it was last put. Whoever refers to it was born before that, or not much later.
ALTER TABLE payload ADD COLUMN used_at timestamptz NOT NULL DEFAULT now();
ALTER TABLE payload ALTER COLUMN used_at SET DEFAULT clock();

-- The same for scripts, which flows refer to as well: it counts from when the last one let go.
ALTER TABLE script ADD COLUMN used_at timestamptz NOT NULL DEFAULT now();
ALTER TABLE script ALTER COLUMN used_at SET DEFAULT clock();
-- This way round for the reason that 0030-scheduler.sql gives.
CREATE INDEX flow_script ON flow (script_hash, workspace_id);

CREATE FUNCTION note_script_let_go() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE script s SET used_at = clock() WHERE s.workspace_id = OLD.workspace_id AND s.hash = OLD.script_hash;
  RETURN NULL;
END $$;
CREATE TRIGGER flow_script_changed AFTER UPDATE OF script_hash ON flow FOR EACH ROW
  WHEN (OLD.script_hash <> NEW.script_hash) EXECUTE FUNCTION note_script_let_go();
CREATE TRIGGER flow_removed AFTER DELETE ON flow FOR EACH ROW EXECUTE FUNCTION note_script_let_go();
