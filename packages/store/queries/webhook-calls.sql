-- name: readCalledById
-- An address names no workspace, so neither do these two.
SELECT w.workspace_id, w.id, w.project_id, w.flow_id, w.is_enabled, w.config
FROM webhook w WHERE w.id = $1 AND w.deleted_at IS NULL

-- name: readCalledByName
SELECT w.workspace_id, w.id, w.project_id, w.flow_id, w.is_enabled, w.config
FROM webhook w WHERE w.name = $1 AND w.is_called_by_name AND w.deleted_at IS NULL

-- name: openBuckets
INSERT INTO webhook_bucket (workspace_id, webhook_id, tokens)
SELECT d.workspace_id, d.webhook_id, d.tokens
FROM json_to_recordset($1::json) AS d(workspace_id uuid, webhook_id uuid, tokens float8)
ORDER BY d.workspace_id, d.webhook_id
ON CONFLICT DO NOTHING

-- name: lockBuckets
-- In one order, so that two transactions never wait for each other.
SELECT b.workspace_id, b.webhook_id, b.tokens, b.counted_at, clock() AS now
FROM json_to_recordset($1::json) AS d(workspace_id uuid, webhook_id uuid)
JOIN webhook_bucket b ON b.workspace_id = d.workspace_id AND b.webhook_id = d.webhook_id
ORDER BY b.workspace_id, b.webhook_id
FOR UPDATE OF b

-- name: saveBuckets
UPDATE webhook_bucket b SET tokens = d.tokens, counted_at = to_timestamp(d.counted_at / 1000.0)
FROM json_to_recordset($1::json) AS d(workspace_id uuid, webhook_id uuid, tokens float8, counted_at float8)
WHERE b.workspace_id = d.workspace_id AND b.webhook_id = d.webhook_id

-- name: readReplays
SELECT r.webhook_id, r.key, r.execution_id
FROM json_to_recordset($1::json) AS d(workspace_id uuid, webhook_id uuid, key text)
JOIN webhook_replay r
  ON r.workspace_id = d.workspace_id AND r.webhook_id = d.webhook_id AND r.key = d.key
WHERE r.remember_until >= clock()

-- name: putReplays
-- Returns those that are new; the others came meanwhile. In one order, as above.
INSERT INTO webhook_replay AS r (workspace_id, webhook_id, key, execution_id, remember_until)
SELECT d.workspace_id, d.webhook_id, d.key, d.execution_id, clock() + d.remember_ms * interval '1 millisecond'
FROM json_to_recordset($1::json)
  AS d(workspace_id uuid, webhook_id uuid, key text, execution_id uuid, remember_ms float8)
ORDER BY d.workspace_id, d.webhook_id, d.key
ON CONFLICT (workspace_id, webhook_id, key) DO UPDATE
  SET execution_id = excluded.execution_id, remember_until = excluded.remember_until
  WHERE r.remember_until < clock()
RETURNING r.execution_id

-- name: sweepReplays
-- At most $1. The time as a value: clock() itself would be asked again for every row of the table.
WITH old AS (
  SELECT r.workspace_id, r.webhook_id, r.key FROM webhook_replay r
  WHERE r.remember_until < (SELECT clock())
  ORDER BY r.remember_until LIMIT $1
)
DELETE FROM webhook_replay r USING old o
WHERE r.workspace_id = o.workspace_id AND r.webhook_id = o.webhook_id AND r.key = o.key
  AND r.remember_until < clock()
RETURNING r.key

-- name: insertDeliveries
INSERT INTO webhook_delivery (
  workspace_id, webhook_id, id, outcome, reason, detail, method, path, address, body_size, execution_id
)
SELECT d.workspace_id, d.webhook_id, d.id, d.outcome, d.reason, d.detail, d.method, d.path, d.address,
  d.body_size, d.execution_id
FROM json_to_recordset($1::json) AS d(
  workspace_id uuid, webhook_id uuid, id uuid, outcome text, reason text, detail text, method text,
  path text, address text, body_size integer, execution_id uuid
)

-- name: selectDeliveries
-- ends where the condition is appended: a list's filter
SELECT d.id, d.webhook_id, d.at, d.outcome, d.reason, d.detail, d.method, d.path, d.address, d.body_size,
  d.execution_id
FROM webhook_delivery d
WHERE d.workspace_id = $1

-- name: countDeliveries
SELECT count(*) AS total FROM webhook_delivery d
WHERE d.workspace_id = $1

-- name: sweepOldDeliveries
-- At most $1 of those that are older than a week.
WITH old AS (
  SELECT d.workspace_id, d.webhook_id, d.id FROM webhook_delivery d
  WHERE d.at < (SELECT clock()) - interval '7 days'
  ORDER BY d.at LIMIT $1
)
DELETE FROM webhook_delivery d USING old o
WHERE d.workspace_id = o.workspace_id AND d.webhook_id = o.webhook_id AND d.id = o.id
RETURNING d.id

-- name: sweepMoreDeliveries
-- At most $1 of those that are not among the newest $2 of their webhook.
WITH kept AS MATERIALIZED (
  SELECT w.workspace_id, w.id AS webhook_id, (
    SELECT d.id FROM webhook_delivery d
    WHERE d.workspace_id = w.workspace_id AND d.webhook_id = w.id
    ORDER BY d.id DESC OFFSET $2 LIMIT 1
  ) AS last
  FROM webhook w
), old AS (
  SELECT d.workspace_id, d.webhook_id, d.id
  FROM kept k
  CROSS JOIN LATERAL (
    SELECT * FROM webhook_delivery d
    WHERE d.workspace_id = k.workspace_id AND d.webhook_id = k.webhook_id AND d.id <= k.last
    ORDER BY d.id LIMIT $1
  ) d
  LIMIT $1
)
DELETE FROM webhook_delivery d USING old o
WHERE d.workspace_id = o.workspace_id AND d.webhook_id = o.webhook_id AND d.id = o.id
RETURNING d.id
