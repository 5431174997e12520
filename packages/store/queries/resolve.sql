-- name: resolveFlows
-- Row by row (OFFSET 0 keeps the planner from joining), and by id apart from deleted_at: on a table of
-- few rows it would walk the index of names for every batch, and go on so when they are many.
SELECT d.place, f.id, f.name, f.project_id, encode(f.script_hash, 'hex') AS script_hash, f.input_schema::text AS input_schema,
  f.output_schema::text AS output_schema, f.max_runtime_seconds, f.concurrency, f.rate_limit, f.is_wrapped
FROM json_to_recordset($1::json) AS d(place integer, workspace_id uuid, id uuid, name text)
JOIN LATERAL (
  SELECT * FROM flow t WHERE t.workspace_id = d.workspace_id AND t.id = d.id OFFSET 0
) f ON f.deleted_at IS NULL
UNION ALL
SELECT d.place, f.id, f.name, f.project_id, encode(f.script_hash, 'hex'), f.input_schema::text,
  f.output_schema::text, f.max_runtime_seconds, f.concurrency, f.rate_limit, f.is_wrapped
FROM json_to_recordset($1::json) AS d(place integer, workspace_id uuid, id uuid, name text)
JOIN LATERAL (
  SELECT * FROM flow t WHERE t.workspace_id = d.workspace_id AND t.name = d.name AND t.deleted_at IS NULL OFFSET 0
) f ON true

-- name: resolveConnectors
-- See resolveFlows.
SELECT d.place, c.id, c.name, c.project_id, c.connector_type, c.is_wrapped
FROM json_to_recordset($1::json) AS d(place integer, workspace_id uuid, id uuid, name text)
JOIN LATERAL (
  SELECT * FROM connector t WHERE t.workspace_id = d.workspace_id AND t.id = d.id OFFSET 0
) c ON c.deleted_at IS NULL
UNION ALL
SELECT d.place, c.id, c.name, c.project_id, c.connector_type, c.is_wrapped
FROM json_to_recordset($1::json) AS d(place integer, workspace_id uuid, id uuid, name text)
JOIN LATERAL (
  SELECT * FROM connector t WHERE t.workspace_id = d.workspace_id AND t.name = d.name AND t.deleted_at IS NULL OFFSET 0
) c ON true

-- name: resolveSettings
-- See resolveFlows.
SELECT d.place, s.id, s.name, s.value::text AS value
FROM json_to_recordset($1::json) AS d(place integer, workspace_id uuid, id uuid, name text)
JOIN LATERAL (
  SELECT * FROM setting t WHERE t.workspace_id = d.workspace_id AND t.id = d.id OFFSET 0
) s ON s.deleted_at IS NULL
UNION ALL
SELECT d.place, s.id, s.name, s.value::text
FROM json_to_recordset($1::json) AS d(place integer, workspace_id uuid, id uuid, name text)
JOIN LATERAL (
  SELECT * FROM setting t WHERE t.workspace_id = d.workspace_id AND t.name = d.name AND t.deleted_at IS NULL OFFSET 0
) s ON true

-- name: ensureSetting
WITH made AS (
  INSERT INTO setting (workspace_id, id, name) VALUES ($1, $2, $3)
  ON CONFLICT (workspace_id, name) WHERE deleted_at IS NULL DO UPDATE SET name = EXCLUDED.name
  RETURNING id
)
SELECT id FROM made

-- name: putScripts
-- See putPayloads.
WITH put AS MATERIALIZED (
  SELECT DISTINCT ON (d.workspace_id, d.hash) d.workspace_id, decode(d.hash, 'hex') AS hash, d.language, d.source
  FROM json_to_recordset($1::json) AS d(workspace_id uuid, hash text, language text, source text)
), used AS (
  UPDATE script s SET used_at = clock() FROM put
  WHERE s.workspace_id = put.workspace_id AND s.hash = put.hash AND s.used_at < clock() - interval '1 minute'
  RETURNING s.hash
)
INSERT INTO script (workspace_id, hash, language, source)
SELECT workspace_id, hash, language, source FROM put WHERE (SELECT count(*) FROM used) >= 0
ON CONFLICT (workspace_id, hash) DO NOTHING

-- name: readFacts
SELECT e.workspace_id, e.id, e.type, e.status, e.name, e.message, e.input::text AS input, encode(e.input_hash, 'hex') AS input_hash,
  e.output::text AS output, encode(e.output_hash, 'hex') AS output_hash, e.parent_execution_id, e.top_execution_id,
  e.created_at, e.started_at, e.ended_at, e.flow_id, e.is_productive, e.priority, e.project_id, e.created_by,
  CASE WHEN e.type = 'SCHEDULE' THEN e.extra ->> 'schedule_id' END AS schedule_id,
  CASE WHEN e.type = 'SCHEDULE' THEN coalesce((
    SELECT true FROM static_wrapper w
    WHERE w.workspace_id = e.workspace_id AND w.wrapped_id = (e.extra ->> 'schedule_id')::uuid LIMIT 1
  ), false) ELSE false END AS is_schedule_wrapped
FROM json_to_recordset($1::json) AS d(workspace_id uuid, id uuid)
JOIN execution e ON e.workspace_id = d.workspace_id AND e.id = d.id

-- name: releaseClaimed
-- Walks all that is live: rare, and an index of processes would cost every claim.
UPDATE execution e
SET status = 'WAITING_ENGINE', version = e.version + 1, process_id = NULL, moved_at = clock()
WHERE e.ended_at IS NULL AND e.status = 'AT_ENGINE' AND e.process_id = $1 AND NOT e.id = ANY ($2::uuid[])
RETURNING e.workspace_id, e.id, e.version, e.type
