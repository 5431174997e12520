-- name: insert
-- $1 workspace, $2 id, $3 who, $4 the fields as JSON (JSON columns and hashes as text)
INSERT INTO project (workspace_id, id, created_by, modified_by, name, description)
SELECT $1, $2, $3, $3, d.name, d.description
FROM json_to_record($4::json) AS d(name text, description text)

-- name: select
-- ends where the condition is appended: one record, or a list's filter
SELECT
  p.workspace_id, p.id, p.name, p.description, p.created_at, p.created_by, p.modified_at,
  p.modified_by, p.deleted_at, p.deleted_by
FROM project p
WHERE p.workspace_id = $1

-- name: count
SELECT count(*) AS total FROM project p
WHERE p.workspace_id = $1

-- name: update
-- only the fields that the JSON object $3 names
UPDATE project p SET
  name = CASE WHEN $3::jsonb ? 'name' THEN d.name ELSE p.name END,
  description = CASE WHEN $3::jsonb ? 'description' THEN d.description ELSE p.description END,
  modified_at = clock(),
  modified_by = $4
FROM json_to_record($3::json) AS d(name text, description text)
WHERE p.workspace_id = $1 AND p.id = $2 AND p.deleted_at IS NULL
RETURNING p.id

-- name: trash
UPDATE project SET deleted_at = clock(), deleted_by = $3
WHERE workspace_id = $1 AND id = $2 AND deleted_at IS NULL
RETURNING id

-- name: restore
UPDATE project SET deleted_at = NULL, deleted_by = NULL, modified_at = clock(), modified_by = $3
WHERE workspace_id = $1 AND id = $2 AND deleted_at IS NOT NULL
RETURNING id

-- name: remove
DELETE FROM project WHERE workspace_id = $1 AND id = $2 RETURNING id
