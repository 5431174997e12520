-- name: insert
-- $1 workspace, $2 id, $3 who, $4 the fields as JSON (config as text)
INSERT INTO webhook (workspace_id, id, created_by, modified_by, name, description, project_id,
  flow_id, is_enabled, config, is_called_by_name)
SELECT $1, $2, $3, $3, d.name, d.description, d.project_id, d.flow_id, d.is_enabled, d.config::json,
  NOT EXISTS (SELECT 1 FROM webhook o WHERE o.name = d.name AND o.is_called_by_name AND o.deleted_at IS NULL)
FROM json_to_record($4::json) AS d(name text, description text, project_id uuid, flow_id uuid,
  is_enabled boolean, config text)

-- name: select
-- ends where the condition is appended: one record, or a list's filter
SELECT
  w.workspace_id, w.id, w.name, w.description, w.project_id,
  (SELECT p.name FROM project p WHERE p.workspace_id = w.workspace_id AND p.id = w.project_id) AS project_name,
  w.flow_id,
  (SELECT f.name FROM flow f WHERE f.workspace_id = w.workspace_id AND f.id = w.flow_id) AS flow_name,
  w.is_enabled, w.config, w.is_called_by_name, w.created_at, w.created_by, w.modified_at, w.modified_by,
  w.deleted_at, w.deleted_by
FROM webhook w
WHERE w.workspace_id = $1

-- name: count
SELECT count(*) AS total FROM webhook w
WHERE w.workspace_id = $1

-- name: update
-- only the fields that the JSON object $3 names, and of config only its keys
UPDATE webhook w SET
  name = CASE WHEN $3::jsonb ? 'name' THEN d.name ELSE w.name END,
  description = CASE WHEN $3::jsonb ? 'description' THEN d.description ELSE w.description END,
  project_id = CASE WHEN $3::jsonb ? 'project_id' THEN d.project_id ELSE w.project_id END,
  flow_id = CASE WHEN $3::jsonb ? 'flow_id' THEN d.flow_id ELSE w.flow_id END,
  is_enabled = CASE WHEN $3::jsonb ? 'is_enabled' THEN d.is_enabled ELSE w.is_enabled END,
  config = CASE WHEN $3::jsonb ? 'config'
    THEN (w.config::jsonb || d.config::jsonb)::json ELSE w.config END,
  is_called_by_name = CASE WHEN $3::jsonb ? 'name'
    THEN NOT EXISTS (
      SELECT 1 FROM webhook o
      WHERE o.name = d.name AND o.is_called_by_name AND o.deleted_at IS NULL AND o.id <> w.id
    )
    ELSE w.is_called_by_name END,
  modified_at = clock(),
  modified_by = $4
FROM json_to_record($3::json) AS d(name text, description text, project_id uuid, flow_id uuid,
  is_enabled boolean, config text)
WHERE w.workspace_id = $1 AND w.id = $2 AND w.deleted_at IS NULL
RETURNING w.id

-- name: trash
UPDATE webhook SET deleted_at = clock(), deleted_by = $3
WHERE workspace_id = $1 AND id = $2 AND deleted_at IS NULL
RETURNING id

-- name: restore
-- Another may have taken the address meanwhile. It comes back disabled: a door is opened on purpose.
UPDATE webhook w SET deleted_at = NULL, deleted_by = NULL, is_enabled = false, modified_at = clock(),
  modified_by = $3,
  is_called_by_name = NOT EXISTS (
    SELECT 1 FROM webhook o
    WHERE o.name = w.name AND o.is_called_by_name AND o.deleted_at IS NULL AND o.id <> w.id
  )
WHERE w.workspace_id = $1 AND w.id = $2 AND w.deleted_at IS NOT NULL
RETURNING w.id

-- name: remove
WITH replays AS (
  DELETE FROM webhook_replay WHERE workspace_id = $1 AND webhook_id = $2
), buckets AS (
  DELETE FROM webhook_bucket WHERE workspace_id = $1 AND webhook_id = $2
), deliveries AS (
  DELETE FROM webhook_delivery WHERE workspace_id = $1 AND webhook_id = $2
)
DELETE FROM webhook WHERE workspace_id = $1 AND id = $2 RETURNING id
