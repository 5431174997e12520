-- name: insert
-- $1 workspace, $2 id, $3 who, $4 the fields as JSON (hashes as text)
INSERT INTO scheduler (workspace_id, id, created_by, modified_by, name, description, project_id, script_hash)
SELECT $1, $2, $3, $3, d.name, d.description, d.project_id, decode(d.script_hash, 'hex')
FROM json_to_record($4::json) AS d(name text, description text, project_id uuid, script_hash text)

-- name: select
-- ends where the condition is appended: one record, or a list's filter
SELECT
  s.workspace_id, s.id, s.name, s.description, s.project_id,
  (SELECT p.name FROM project p WHERE p.workspace_id = s.workspace_id AND p.id = s.project_id) AS project_name,
  encode(s.script_hash, 'hex') AS script_hash, t.language, t.source AS script, s.created_at, s.created_by,
  s.modified_at, s.modified_by, s.deleted_at, s.deleted_by
FROM scheduler s
  JOIN script t ON t.workspace_id = s.workspace_id AND t.hash = s.script_hash
WHERE s.workspace_id = $1

-- name: count
SELECT count(*) AS total FROM scheduler s
  JOIN script t ON t.workspace_id = s.workspace_id AND t.hash = s.script_hash
WHERE s.workspace_id = $1

-- name: update
-- only the fields that the JSON object $3 names
UPDATE scheduler s SET
  name = CASE WHEN $3::jsonb ? 'name' THEN d.name ELSE s.name END,
  description = CASE WHEN $3::jsonb ? 'description' THEN d.description ELSE s.description END,
  project_id = CASE WHEN $3::jsonb ? 'project_id' THEN d.project_id ELSE s.project_id END,
  script_hash = CASE WHEN $3::jsonb ? 'script_hash'
    THEN decode(d.script_hash, 'hex') ELSE s.script_hash END,
  modified_at = clock(),
  modified_by = $4
FROM json_to_record($3::json) AS d(name text, description text, project_id uuid, script_hash text)
WHERE s.workspace_id = $1 AND s.id = $2 AND s.deleted_at IS NULL
RETURNING s.id

-- name: trash
UPDATE scheduler SET deleted_at = clock(), deleted_by = $3
WHERE workspace_id = $1 AND id = $2 AND deleted_at IS NULL
RETURNING id

-- name: restore
UPDATE scheduler SET deleted_at = NULL, deleted_by = NULL, modified_at = clock(), modified_by = $3
WHERE workspace_id = $1 AND id = $2 AND deleted_at IS NOT NULL
RETURNING id

-- name: remove
DELETE FROM scheduler WHERE workspace_id = $1 AND id = $2 RETURNING id
