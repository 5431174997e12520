-- name: resolveWrappers
-- See resolveFlows.
SELECT d.place, w.id, w.name, encode(w.script_hash, 'hex') AS script_hash, w.input_schema::text AS input_schema,
  w.is_wrapped
FROM json_to_recordset($1::json) AS d(place integer, workspace_id uuid, id uuid, name text)
JOIN LATERAL (
  SELECT * FROM wrapper t WHERE t.workspace_id = d.workspace_id AND t.id = d.id OFFSET 0
) w ON w.deleted_at IS NULL
UNION ALL
SELECT d.place, w.id, w.name, encode(w.script_hash, 'hex'), w.input_schema::text, w.is_wrapped
FROM json_to_recordset($1::json) AS d(place integer, workspace_id uuid, id uuid, name text)
JOIN LATERAL (
  SELECT * FROM wrapper t WHERE t.workspace_id = d.workspace_id AND t.name = d.name AND t.deleted_at IS NULL OFFSET 0
) w ON true

-- name: readStaticWrappers
-- Of each record that $1 names, from the outermost on.
SELECT d.place, s.input::text AS input, w.id, w.name, encode(w.script_hash, 'hex') AS script_hash, w.is_wrapped
FROM json_to_recordset($1::json) AS d(place integer, workspace_id uuid, id uuid)
JOIN LATERAL (
  SELECT * FROM static_wrapper t WHERE t.workspace_id = d.workspace_id AND t.wrapped_id = d.id OFFSET 0
) s ON true
JOIN LATERAL (
  SELECT * FROM wrapper t WHERE t.workspace_id = s.workspace_id AND t.id = s.wrapper_id OFFSET 0
) w ON true
ORDER BY d.place, s.ordinal
