-- name: insert
-- $1 workspace, $2 id, $3 who, $4 the fields as JSON (JSON columns and hashes as text)
INSERT INTO flow (workspace_id, id, created_by, modified_by, name, description, project_id,
  script_hash, input_schema, output_schema, max_runtime_seconds, concurrency, rate_limit, breakpoints)
SELECT $1, $2, $3, $3, d.name, d.description, d.project_id, decode(d.script_hash, 'hex'),
  d.input_schema::json, d.output_schema::json, d.max_runtime_seconds, d.concurrency::json, d.rate_limit::json, d.breakpoints
FROM json_to_record($4::json) AS d(name text, description text, project_id uuid,
  script_hash text, input_schema text, output_schema text, max_runtime_seconds integer,
  concurrency text, rate_limit text, breakpoints json)

-- name: select
-- ends where the condition is appended: one record, or a list's filter
SELECT
  f.workspace_id, f.id, f.name, f.description, f.project_id,
  (SELECT p.name FROM project p WHERE p.workspace_id = f.workspace_id AND p.id = f.project_id) AS project_name,
  encode(f.script_hash, 'hex') AS script_hash, s.language, s.source AS script, f.input_schema,
  f.output_schema, f.max_runtime_seconds, f.concurrency, f.rate_limit, f.breakpoints, f.is_wrapped,
  CASE WHEN f.is_wrapped THEN static_wrappers(f.workspace_id, f.id) END AS wrappers,
  f.created_at, f.created_by, f.modified_at,
  f.modified_by, f.deleted_at, f.deleted_by
FROM flow f
  JOIN script s ON s.workspace_id = f.workspace_id AND s.hash = f.script_hash
WHERE f.workspace_id = $1

-- name: count
SELECT count(*) AS total FROM flow f
  JOIN script s ON s.workspace_id = f.workspace_id AND s.hash = f.script_hash
WHERE f.workspace_id = $1

-- name: update
-- only the fields that the JSON object $3 names
UPDATE flow f SET
  name = CASE WHEN $3::jsonb ? 'name' THEN d.name ELSE f.name END,
  description = CASE WHEN $3::jsonb ? 'description' THEN d.description ELSE f.description END,
  project_id = CASE WHEN $3::jsonb ? 'project_id' THEN d.project_id ELSE f.project_id END,
  script_hash = CASE WHEN $3::jsonb ? 'script_hash'
    THEN decode(d.script_hash, 'hex') ELSE f.script_hash END,
  input_schema = CASE WHEN $3::jsonb ? 'input_schema'
    THEN d.input_schema::json ELSE f.input_schema END,
  output_schema = CASE WHEN $3::jsonb ? 'output_schema'
    THEN d.output_schema::json ELSE f.output_schema END,
  max_runtime_seconds = CASE WHEN $3::jsonb ? 'max_runtime_seconds'
    THEN d.max_runtime_seconds ELSE f.max_runtime_seconds END,
  breakpoints = CASE WHEN $3::jsonb ? 'breakpoints' THEN d.breakpoints ELSE f.breakpoints END,
  concurrency = CASE WHEN $3::jsonb ? 'concurrency' THEN d.concurrency::json ELSE f.concurrency END,
  rate_limit = CASE WHEN $3::jsonb ? 'rate_limit' THEN d.rate_limit::json ELSE f.rate_limit END,
  modified_at = clock(),
  modified_by = $4
FROM json_to_record($3::json) AS d(name text, description text, project_id uuid,
  script_hash text, input_schema text, output_schema text, max_runtime_seconds integer,
  concurrency text, rate_limit text, breakpoints json)
WHERE f.workspace_id = $1 AND f.id = $2 AND f.deleted_at IS NULL
RETURNING f.id

-- name: trash
UPDATE flow SET deleted_at = clock(), deleted_by = $3
WHERE workspace_id = $1 AND id = $2 AND deleted_at IS NULL
RETURNING id

-- name: restore
UPDATE flow SET deleted_at = NULL, deleted_by = NULL, modified_at = clock(), modified_by = $3
WHERE workspace_id = $1 AND id = $2 AND deleted_at IS NOT NULL
RETURNING id

-- name: remove
WITH links AS (
  DELETE FROM static_wrapper WHERE workspace_id = $1 AND wrapped_id = $2
)
DELETE FROM flow WHERE workspace_id = $1 AND id = $2 RETURNING id
