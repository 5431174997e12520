-- name: insert
-- $1 workspace, $2 id, $3 who, $4 the fields as JSON (hash in hex)
INSERT INTO file (workspace_id, id, created_by, modified_by, name, description, project_id,
  content_id, size, hash, content_type)
SELECT $1, $2, $3, $3, d.name, d.description, d.project_id, d.content_id, d.size,
  decode(d.hash, 'hex'), d.content_type
FROM json_to_record($4::json) AS d(name text, description text, project_id uuid, content_id uuid,
  size bigint, hash text, content_type text)

-- name: select
-- ends where the condition is appended: one record, or a list's filter
SELECT
  f.workspace_id, f.id, f.name, f.description, f.project_id,
  (SELECT p.name FROM project p WHERE p.workspace_id = f.workspace_id AND p.id = f.project_id) AS project_name,
  f.content_id, f.size, encode(f.hash, 'hex') AS hash, f.content_type, f.created_at, f.created_by,
  f.modified_at, f.modified_by, f.deleted_at, f.deleted_by
FROM file f
WHERE f.workspace_id = $1

-- name: count
SELECT count(*) AS total FROM file f
WHERE f.workspace_id = $1

-- name: update
-- only the fields that the JSON object $3 names; the content has statements of its own
UPDATE file f SET
  name = CASE WHEN $3::jsonb ? 'name' THEN d.name ELSE f.name END,
  description = CASE WHEN $3::jsonb ? 'description' THEN d.description ELSE f.description END,
  project_id = CASE WHEN $3::jsonb ? 'project_id' THEN d.project_id ELSE f.project_id END,
  content_type = CASE WHEN $3::jsonb ? 'content_type' THEN d.content_type ELSE f.content_type END,
  modified_at = clock(),
  modified_by = $4
FROM json_to_record($3::json) AS d(name text, description text, project_id uuid, content_type text)
WHERE f.workspace_id = $1 AND f.id = $2 AND f.deleted_at IS NULL
RETURNING f.id

-- name: trash
UPDATE file SET deleted_at = clock(), deleted_by = $3
WHERE workspace_id = $1 AND id = $2 AND deleted_at IS NULL
RETURNING id

-- name: restore
UPDATE file SET deleted_at = NULL, deleted_by = NULL, modified_at = clock(), modified_by = $3
WHERE workspace_id = $1 AND id = $2 AND deleted_at IS NOT NULL
RETURNING id

-- name: remove
-- Whoever reads the content just now reads on; it is removed an hour later.
WITH let_go AS (
  UPDATE file_content c SET used_at = clock()
  FROM file f
  WHERE f.workspace_id = $1 AND f.id = $2 AND c.workspace_id = f.workspace_id AND c.id = f.content_id
)
DELETE FROM file WHERE workspace_id = $1 AND id = $2 RETURNING id
