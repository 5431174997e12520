-- name: insert
-- $1 workspace, $2 id, $3 who, $4 the fields as JSON (JSON columns and hashes as text)
INSERT INTO wrapper (workspace_id, id, created_by, modified_by, name, description, project_id,
  script_hash, input_schema)
SELECT $1, $2, $3, $3, d.name, d.description, d.project_id, decode(d.script_hash, 'hex'),
  d.input_schema::json
FROM json_to_record($4::json) AS d(name text, description text, project_id uuid,
  script_hash text, input_schema text)

-- name: select
-- ends where the condition is appended: one record, or a list's filter
SELECT
  w.workspace_id, w.id, w.name, w.description, w.project_id,
  (SELECT p.name FROM project p WHERE p.workspace_id = w.workspace_id AND p.id = w.project_id) AS project_name,
  encode(w.script_hash, 'hex') AS script_hash, s.language, s.source AS script, w.input_schema, w.is_wrapped,
  CASE WHEN w.is_wrapped THEN static_wrappers(w.workspace_id, w.id) END AS wrappers,
  w.standard_name, w.standard_digest <> wrapper_digest(w.script_hash, w.input_schema) AS is_changed,
  w.created_at, w.created_by, w.modified_at, w.modified_by, w.deleted_at, w.deleted_by
FROM wrapper w
  JOIN script s ON s.workspace_id = w.workspace_id AND s.hash = w.script_hash
WHERE w.workspace_id = $1

-- name: count
SELECT count(*) AS total FROM wrapper w
  JOIN script s ON s.workspace_id = w.workspace_id AND s.hash = w.script_hash
WHERE w.workspace_id = $1

-- name: update
-- only the fields that the JSON object $3 names
UPDATE wrapper w SET
  name = CASE WHEN $3::jsonb ? 'name' THEN d.name ELSE w.name END,
  description = CASE WHEN $3::jsonb ? 'description' THEN d.description ELSE w.description END,
  project_id = CASE WHEN $3::jsonb ? 'project_id' THEN d.project_id ELSE w.project_id END,
  script_hash = CASE WHEN $3::jsonb ? 'script_hash'
    THEN decode(d.script_hash, 'hex') ELSE w.script_hash END,
  input_schema = CASE WHEN $3::jsonb ? 'input_schema'
    THEN d.input_schema::json ELSE w.input_schema END,
  modified_at = clock(),
  modified_by = $4
FROM json_to_record($3::json) AS d(name text, description text, project_id uuid,
  script_hash text, input_schema text)
WHERE w.workspace_id = $1 AND w.id = $2 AND w.deleted_at IS NULL
RETURNING w.id

-- name: trash
-- after lockWrapper in the same transaction
UPDATE wrapper SET deleted_at = clock(), deleted_by = $3
WHERE workspace_id = $1 AND id = $2 AND deleted_at IS NULL
RETURNING id

-- name: restore
UPDATE wrapper SET deleted_at = NULL, deleted_by = NULL, modified_at = clock(), modified_by = $3
WHERE workspace_id = $1 AND id = $2 AND deleted_at IS NOT NULL
RETURNING id

-- name: remove
-- after lockWrapper in the same transaction
WITH links AS (
  DELETE FROM static_wrapper WHERE workspace_id = $1 AND wrapped_id = $2
)
DELETE FROM wrapper WHERE workspace_id = $1 AND id = $2 RETURNING id
