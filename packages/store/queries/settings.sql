-- name: insert
-- $1 workspace, $2 id, $3 who, $4 the fields as JSON (JSON columns and hashes as text)
INSERT INTO setting (workspace_id, id, created_by, modified_by, name, description, project_id,
  value)
SELECT $1, $2, $3, $3, d.name, d.description, d.project_id, d.value::json
FROM json_to_record($4::json) AS d(name text, description text, project_id uuid, value text)

-- name: select
-- ends where the condition is appended: one record, or a list's filter
SELECT
  s.workspace_id, s.id, s.name, s.description, s.project_id,
  (SELECT p.name FROM project p WHERE p.workspace_id = s.workspace_id AND p.id = s.project_id) AS project_name,
  s.value, s.created_at, s.created_by, s.modified_at, s.modified_by, s.deleted_at, s.deleted_by
FROM setting s
WHERE s.workspace_id = $1

-- name: count
SELECT count(*) AS total FROM setting s
WHERE s.workspace_id = $1

-- name: update
-- only the fields that the JSON object $3 names
UPDATE setting s SET
  name = CASE WHEN $3::jsonb ? 'name' THEN d.name ELSE s.name END,
  description = CASE WHEN $3::jsonb ? 'description' THEN d.description ELSE s.description END,
  project_id = CASE WHEN $3::jsonb ? 'project_id' THEN d.project_id ELSE s.project_id END,
  value = CASE WHEN $3::jsonb ? 'value' THEN d.value::json ELSE s.value END,
  modified_at = clock(),
  modified_by = $4
FROM json_to_record($3::json) AS d(name text, description text, project_id uuid, value text)
WHERE s.workspace_id = $1 AND s.id = $2 AND s.deleted_at IS NULL
RETURNING s.id

-- name: trash
UPDATE setting SET deleted_at = clock(), deleted_by = $3
WHERE workspace_id = $1 AND id = $2 AND deleted_at IS NULL
RETURNING id

-- name: restore
UPDATE setting SET deleted_at = NULL, deleted_by = NULL, modified_at = clock(), modified_by = $3
WHERE workspace_id = $1 AND id = $2 AND deleted_at IS NOT NULL
RETURNING id

-- name: remove
DELETE FROM setting WHERE workspace_id = $1 AND id = $2 RETURNING id
