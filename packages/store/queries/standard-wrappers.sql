-- name: outdatedWorkspaces
-- Where a wrapper of $1 was never installed, or is as an earlier version of the product had it.
SELECT ws.id FROM workspace ws
WHERE EXISTS (
  SELECT FROM json_to_recordset($1::json) AS d(name text, script_hash text, input_schema text)
    LEFT JOIN wrapper w ON w.workspace_id = ws.id AND w.standard_name = d.name
  WHERE w.id IS NULL OR (
    w.standard_digest = wrapper_digest(w.script_hash, w.input_schema)
    AND w.standard_digest <> wrapper_digest(decode(d.script_hash, 'hex'), d.input_schema::json)
  )
)
ORDER BY ws.id

-- name: installStandardWrappers
-- Installs those of $2 that the workspace $1 never had and brings the others up to date, but for those
-- that a person has changed. One in the trash stays there; a name that is taken stays its owner's.
WITH d AS (
  SELECT r.id, r.name, r.description, decode(r.script_hash, 'hex') AS script_hash,
    r.input_schema::json AS input_schema
  FROM json_to_recordset($2::json) AS r(id uuid, name text, description text, script_hash text, input_schema text)
), brought AS (
  UPDATE wrapper w SET
    description = d.description, script_hash = d.script_hash, input_schema = d.input_schema,
    standard_digest = wrapper_digest(d.script_hash, d.input_schema), modified_at = clock(), modified_by = NULL
  FROM d
  WHERE w.workspace_id = $1 AND w.standard_name = d.name
    AND w.standard_digest = wrapper_digest(w.script_hash, w.input_schema)
    AND w.standard_digest <> wrapper_digest(d.script_hash, d.input_schema)
)
INSERT INTO wrapper (workspace_id, id, name, description, script_hash, input_schema, standard_name, standard_digest)
SELECT $1::uuid, d.id, d.name, d.description, d.script_hash, d.input_schema, d.name,
  wrapper_digest(d.script_hash, d.input_schema)
FROM d
WHERE NOT EXISTS (SELECT FROM wrapper w WHERE w.workspace_id = $1 AND w.standard_name = d.name)
ON CONFLICT DO NOTHING
