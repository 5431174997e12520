-- name: trash
-- Puts what has ended into the trash; there already, it stays as it was put there. $3 who.
WITH e AS MATERIALIZED (
  SELECT id, status, ended_at FROM execution WHERE workspace_id = $1 AND id = $2 FOR UPDATE
), put AS (
  INSERT INTO execution_aside (workspace_id, execution_id, deleted_at, deleted_by)
  SELECT $1::uuid, id, clock(), $3::uuid FROM e WHERE ended_at IS NOT NULL
  ON CONFLICT (workspace_id, execution_id) DO UPDATE SET
    deleted_at = coalesce(execution_aside.deleted_at, EXCLUDED.deleted_at),
    deleted_by = CASE WHEN execution_aside.deleted_at IS NULL THEN EXCLUDED.deleted_by ELSE execution_aside.deleted_by END
  RETURNING execution_id
)
SELECT e.status, EXISTS (SELECT FROM put) AS is_done FROM e

-- name: restore
WITH shown AS (
  DELETE FROM execution_aside
  WHERE workspace_id = $1 AND execution_id = $2 AND deleted_at IS NOT NULL AND NOT is_hidden
  RETURNING execution_id
), hidden AS (
  UPDATE execution_aside SET deleted_at = NULL, deleted_by = NULL
  WHERE workspace_id = $1 AND execution_id = $2 AND deleted_at IS NOT NULL AND is_hidden
  RETURNING execution_id
)
SELECT execution_id FROM shown UNION ALL SELECT execution_id FROM hidden

-- name: hide
INSERT INTO execution_aside (workspace_id, execution_id, is_hidden) VALUES ($1, $2, true)
ON CONFLICT (workspace_id, execution_id) DO UPDATE SET is_hidden = true

-- name: show
WITH trashed AS (
  UPDATE execution_aside SET is_hidden = false
  WHERE workspace_id = $1 AND execution_id = $2 AND deleted_at IS NOT NULL
)
DELETE FROM execution_aside WHERE workspace_id = $1 AND execution_id = $2 AND deleted_at IS NULL

-- name: setTags
WITH gone AS (
  DELETE FROM execution_tag WHERE workspace_id = $1 AND execution_id = $2 AND NOT tag = ANY ($3::text[])
)
INSERT INTO execution_tag (workspace_id, tag, execution_id)
SELECT $1, t.tag, $2 FROM unnest($3::text[]) AS t (tag)
ON CONFLICT DO NOTHING

-- name: readBelow
-- $2 and all below it, at most $3; what lives comes first.
WITH RECURSIVE tree AS (
  SELECT e.id, e.ended_at FROM execution e WHERE e.workspace_id = $1 AND e.id = $2
  UNION ALL
  SELECT c.id, c.ended_at FROM tree t
  CROSS JOIN LATERAL (
    SELECT c.id, c.ended_at FROM execution c WHERE c.workspace_id = $1 AND c.parent_execution_id = t.id OFFSET 0
  ) c
)
SELECT id, ended_at FROM tree ORDER BY ended_at IS NOT NULL, id LIMIT $3

-- name: findWaiter
-- Somebody whose open wait is for one of $2.
SELECT w.execution_id FROM wait w WHERE w.workspace_id = $1 AND w.ref = ANY ($2::uuid[])
UNION ALL
SELECT m.execution_id FROM wait_member m WHERE m.workspace_id = $1 AND m.member_id = ANY ($2::uuid[])
LIMIT 1

-- name: removeHistory
-- What retention leaves to the drop of a partition.
WITH savepoints AS (
  DELETE FROM savepoint WHERE workspace_id = $1 AND execution_id = ANY ($2::uuid[])
), answers AS (
  DELETE FROM answer WHERE workspace_id = $1 AND execution_id = ANY ($2::uuid[])
)
DELETE FROM log WHERE workspace_id = $1 AND execution_id = ANY ($2::uuid[])

-- name: noteBorn
-- What new executions are found by, and that they are hidden; in the transaction that creates them.
WITH d AS MATERIALIZED (
  SELECT * FROM json_to_recordset($1::json) AS r(workspace_id uuid, id uuid, tags text[], is_hidden boolean)
), tagged AS (
  INSERT INTO execution_tag (workspace_id, tag, execution_id)
  SELECT d.workspace_id, t.tag, d.id FROM d CROSS JOIN LATERAL unnest(d.tags) AS t (tag)
  ON CONFLICT DO NOTHING
)
INSERT INTO execution_aside (workspace_id, execution_id, is_hidden)
SELECT d.workspace_id, d.id, true FROM d WHERE d.is_hidden
ON CONFLICT (workspace_id, execution_id) DO UPDATE SET is_hidden = true
