-- name: select
-- Everything that the record of an execution shows; ends where the condition is appended. JSON is
-- text, large values are named by their hash, open waits come as one JSON array.
SELECT
  e.workspace_id, e.id, e.type, e.status, e.beneath, e.version, e.epoch, e.generation, e.process_id,
  e.orphan, e.is_productive, e.priority, e.lineno, e.last_command, e.flow_id, e.connector_id,
  e.connector_type, encode(e.script_hash, 'hex') AS script_hash, e.project_id, e.parent_execution_id,
  e.top_execution_id, e.created_by, e.name, e.message, e.input, encode(e.input_hash, 'hex') AS input_hash,
  e.output, encode(e.output_hash, 'hex') AS output_hash, e.created_at, e.started_at, e.moved_at,
  e.scheduled_for, e.ended_at, e.traceparent, e.extra,
  f.name AS flow_name, c.name AS connector_name, p.name AS project_name,
  a.deleted_at, a.deleted_by, coalesce(a.is_hidden, false) AS is_hidden,
  (SELECT s.body FROM payload s WHERE s.workspace_id = e.workspace_id
    AND s.hash = decode(readable(e.extra) ->> 'input_schema_hash', 'hex')) AS input_schema,
  (SELECT s.body FROM payload s WHERE s.workspace_id = e.workspace_id
    AND s.hash = decode(readable(e.extra) ->> 'output_schema_hash', 'hex')) AS output_schema,
  CASE WHEN e.type = 'WRAPPER' THEN (
    SELECT r.name FROM wrapper r
    WHERE r.workspace_id = e.workspace_id AND r.id = (readable(e.extra) ->> 'wrapper_id')::uuid
  ) END AS wrapper_name,
  CASE WHEN e.ended_at IS NULL THEN (
    SELECT json_agg(json_build_object('seq', w.seq, 'kind', w.kind, 'ref', w.ref,
      'subject', CASE WHEN w.kind = 'RECORD' THEN split_part(w.subject, E'\n', 1) ELSE w.subject END,
      'due_at', w.due_at, 'since', w.since) ORDER BY w.seq)
    FROM wait w WHERE w.workspace_id = e.workspace_id AND w.execution_id = e.id
  ) END AS waits
FROM execution e
  LEFT JOIN flow f ON f.workspace_id = e.workspace_id AND f.id = e.flow_id
  LEFT JOIN connector c ON c.workspace_id = e.workspace_id AND c.id = e.connector_id
  LEFT JOIN project p ON p.workspace_id = e.workspace_id AND p.id = e.project_id
  LEFT JOIN execution_aside a ON a.workspace_id = e.workspace_id AND a.execution_id = e.id
WHERE e.workspace_id = $1

-- name: count
SELECT count(*) AS total
FROM execution e
  LEFT JOIN execution_aside a ON a.workspace_id = e.workspace_id AND a.execution_id = e.id
WHERE e.workspace_id = $1

-- name: readEnded
-- What has changed since they were created, of those that have ended. $1 workspaces, $2 ids.
SELECT
  e.id, e.status, e.version, e.epoch, e.generation, e.process_id, e.lineno, e.last_command, e.name,
  e.message, e.output, encode(e.output_hash, 'hex') AS output_hash, e.created_at, e.started_at,
  e.moved_at, e.ended_at
FROM unnest($1::uuid[], $2::uuid[]) AS k (workspace_id, id)
  JOIN execution e ON e.workspace_id = k.workspace_id AND e.id = k.id
WHERE e.ended_at IS NOT NULL

-- name: readValue
-- $3 input or output
SELECT
  CASE $3 WHEN 'input' THEN e.input ELSE e.output END AS value,
  encode(CASE $3 WHEN 'input' THEN e.input_hash ELSE e.output_hash END, 'hex') AS hash
FROM execution e WHERE e.workspace_id = $1 AND e.id = $2

-- name: readPayload
SELECT body FROM payload WHERE workspace_id = $1 AND hash = decode($2, 'hex')

-- name: readPayloadSize
SELECT size FROM payload WHERE workspace_id = $1 AND hash = decode($2, 'hex')

-- name: readScripts
SELECT encode(hash, 'hex') AS hash, source FROM script
WHERE workspace_id = $1 AND hash IN (SELECT decode(h, 'hex') FROM unnest($2::text[]) AS h)

-- name: patchExecution
-- $4 extra as JSON text, replacing what is there when $5; moves nothing, so the version stays. As long as
-- nobody can have begun to run it, its code sees the name that it is given here.
UPDATE execution SET
  name = CASE WHEN $6 THEN $3 ELSE name END,
  born_name = CASE WHEN $6 AND (started_at IS NOT NULL OR status IN ('WAITING_ENGINE', 'AT_ENGINE'))
    THEN coalesce(born_name, to_json(name), 'null') ELSE born_name END,
  extra = CASE WHEN $5 THEN $4::json ELSE extra END
WHERE workspace_id = $1 AND id = $2
RETURNING id

-- name: lockExtra
SELECT extra, clock() AS at FROM execution WHERE workspace_id = $1 AND id = $2 FOR UPDATE
