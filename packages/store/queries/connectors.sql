-- name: insert
-- $1 workspace, $2 id, $3 who, $4 the fields as JSON (JSON columns and hashes as text)
INSERT INTO connector (workspace_id, id, created_by, modified_by, name, description, project_id,
  connector_type, value)
SELECT $1, $2, $3, $3, d.name, d.description, d.project_id, d.connector_type, d.value::json
FROM json_to_record($4::json) AS d(name text, description text, project_id uuid,
  connector_type text, value text)

-- name: select
-- ends where the condition is appended: one record, or a list's filter
SELECT
  c.workspace_id, c.id, c.name, c.description, c.project_id,
  (SELECT p.name FROM project p WHERE p.workspace_id = c.workspace_id AND p.id = c.project_id) AS project_name,
  c.connector_type, c.value, c.is_wrapped,
  CASE WHEN c.is_wrapped THEN static_wrappers(c.workspace_id, c.id) END AS wrappers, c.created_at, c.created_by, c.modified_at, c.modified_by,
  c.deleted_at, c.deleted_by
FROM connector c
WHERE c.workspace_id = $1

-- name: count
SELECT count(*) AS total FROM connector c
WHERE c.workspace_id = $1

-- name: update
-- only the fields that the JSON object $3 names
UPDATE connector c SET
  name = CASE WHEN $3::jsonb ? 'name' THEN d.name ELSE c.name END,
  description = CASE WHEN $3::jsonb ? 'description' THEN d.description ELSE c.description END,
  project_id = CASE WHEN $3::jsonb ? 'project_id' THEN d.project_id ELSE c.project_id END,
  connector_type = CASE WHEN $3::jsonb ? 'connector_type'
    THEN d.connector_type ELSE c.connector_type END,
  value = CASE WHEN $3::jsonb ? 'value' THEN d.value::json ELSE c.value END,
  modified_at = clock(),
  modified_by = $4
FROM json_to_record($3::json) AS d(name text, description text, project_id uuid,
  connector_type text, value text)
WHERE c.workspace_id = $1 AND c.id = $2 AND c.deleted_at IS NULL
RETURNING c.id

-- name: trash
UPDATE connector SET deleted_at = clock(), deleted_by = $3
WHERE workspace_id = $1 AND id = $2 AND deleted_at IS NULL
RETURNING id

-- name: restore
UPDATE connector SET deleted_at = NULL, deleted_by = NULL, modified_at = clock(), modified_by = $3
WHERE workspace_id = $1 AND id = $2 AND deleted_at IS NOT NULL
RETURNING id

-- name: remove
WITH links AS (
  DELETE FROM static_wrapper WHERE workspace_id = $1 AND wrapped_id = $2
)
DELETE FROM connector WHERE workspace_id = $1 AND id = $2 RETURNING id
