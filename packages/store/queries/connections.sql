-- name: loadConnections
-- What a connector needs to decide: the row, the inputs, the kept connector, and the last attempt
-- with whether its process lives.
SELECT
  e.workspace_id, e.id, e.status, e.version, e.epoch, e.generation, e.connector_type, e.connector_id,
  e.traceparent, e.parent_execution_id, coalesce(e.input::text, p.body) AS input,
  c.connector_type AS kept_type, c.value::text AS kept_value,
  a.attempt, a.process_id AS attempt_process_id, a.repeat_class, a.ended_at AS attempt_ended_at, a.outcome,
  a.details::text AS details, l.process_id IS NOT NULL AS attempt_alive
FROM json_to_recordset($1::json) AS d(workspace_id uuid, id uuid)
JOIN execution e ON e.workspace_id = d.workspace_id AND e.id = d.id
LEFT JOIN payload p ON p.workspace_id = e.workspace_id AND p.hash = e.input_hash
-- Apart from deleted_at, which would offer the planner the index of names to walk.
LEFT JOIN LATERAL (
  SELECT * FROM connector k WHERE k.workspace_id = e.workspace_id AND k.id = e.connector_id OFFSET 0
) c ON c.deleted_at IS NULL
LEFT JOIN LATERAL (
  SELECT * FROM connection_attempt t
  WHERE t.workspace_id = e.workspace_id AND t.execution_id = e.id
  ORDER BY t.attempt DESC LIMIT 1
) a ON true
LEFT JOIN process_lease l ON l.process_id = a.process_id AND l.expires_at > clock()

-- name: claimConnections
-- The claim and the marker of the attempt in one statement: no marker without the claim, and nothing
-- leaves before both are there. $2 details as JSON text, aligned with $1.
WITH moved AS (
  UPDATE execution e
  SET status = 'AT_ENGINE', version = e.version + 1, epoch = e.epoch + 1, process_id = $3,
      started_at = coalesce(e.started_at, clock()), moved_at = clock()
  FROM ROWS FROM (
    json_to_recordset($1::json) AS (
      workspace_id uuid, id uuid, version integer, attempt integer, repeat_class text
    ),
    unnest($2::text[])
  ) AS d(workspace_id, id, version, attempt, repeat_class, details)
  -- Ready is what it is at that version: a condition on the status would make the planner walk an index.
  WHERE e.workspace_id = d.workspace_id AND e.id = d.id AND e.version = d.version
  RETURNING e.workspace_id, e.id, e.version, e.epoch, e.parent_execution_id, d.attempt, d.repeat_class, d.details
), closed AS (
  -- Of a process that is gone: what it sent may have arrived.
  UPDATE connection_attempt a SET ended_at = clock(), outcome = 'unknown'
  FROM moved m
  WHERE a.workspace_id = m.workspace_id AND a.execution_id = m.id AND a.ended_at IS NULL
), opened AS (
  INSERT INTO connection_attempt (workspace_id, execution_id, attempt, epoch, process_id, repeat_class, details)
  SELECT workspace_id, id, attempt, epoch, $3, repeat_class, details::json FROM moved
)
SELECT id, version, epoch, parent_execution_id FROM moved

-- name: adoptConnection
-- The process that still has the attempt under way takes the execution back without a new attempt.
UPDATE execution e
SET status = 'AT_ENGINE', version = e.version + 1, epoch = e.epoch + 1, process_id = $4, moved_at = clock()
WHERE e.workspace_id = $1 AND e.id = $2 AND e.version = $3
RETURNING e.id, e.version, e.epoch, e.parent_execution_id

-- name: nextAttempt
-- Closes one attempt and opens the next, if the execution is still held as it was claimed.
WITH held AS (
  SELECT e.workspace_id, e.id FROM execution e
  WHERE e.workspace_id = $1 AND e.id = $2 AND e.version = $3 AND e.epoch = $4
  FOR UPDATE
), closed AS (
  UPDATE connection_attempt a SET ended_at = clock(), outcome = $6, details = $7::text::json
  FROM held
  WHERE a.workspace_id = $1 AND a.execution_id = $2 AND a.attempt = $5
  RETURNING a.workspace_id, a.execution_id, a.attempt, a.epoch, a.process_id, a.repeat_class
), opened AS (
  INSERT INTO connection_attempt (workspace_id, execution_id, attempt, epoch, process_id, repeat_class, details)
  SELECT workspace_id, execution_id, attempt + 1, epoch, process_id, repeat_class, $8::text::json FROM closed
  -- Written before, when the answer to it was lost.
  ON CONFLICT DO NOTHING
)
SELECT id FROM held

-- name: endConnections
-- Guarded by version and epoch. $2 outputs and $3 details as JSON text, aligned with $1. An attempt
-- is closed only with its execution: otherwise its answer still has to be kept.
WITH moved AS (
  UPDATE execution e
  SET status = d.status, version = e.version + 1, recoveries = 0, process_id = NULL,
      started_at = coalesce(e.started_at, clock()), moved_at = clock(), ended_at = clock(),
      message = d.message, output = d.output::json, output_hash = decode(d.output_hash, 'hex')
  FROM ROWS FROM (
    json_to_recordset($1::json) AS (
      ordinal integer, workspace_id uuid, id uuid, version integer, epoch integer, status text, message text,
      output_hash text, attempt integer, outcome text
    ),
    unnest($2::text[]), unnest($3::text[])
  ) AS d(
    ordinal, workspace_id, id, version, epoch, status, message, output_hash, attempt, outcome, output, details
  )
  WHERE e.workspace_id = d.workspace_id AND e.id = d.id AND e.version = d.version AND e.epoch = d.epoch
  RETURNING d.ordinal, e.workspace_id, e.id, e.version, e.status, e.watched, e.parent_execution_id, d.attempt,
    d.outcome, d.details
), closed AS (
  UPDATE connection_attempt a
  SET ended_at = coalesce(a.ended_at, clock()), outcome = coalesce(m.outcome, a.outcome),
      details = coalesce(m.details::json, a.details)
  FROM moved m
  WHERE a.workspace_id = m.workspace_id AND a.execution_id = m.id AND a.attempt = m.attempt
)
SELECT ordinal, version, status, watched, parent_execution_id FROM moved

-- name: releaseConnection
-- Back to the queue; the attempt is closed, and what is known of it decides on the next one.
WITH moved AS (
  UPDATE execution e
  SET status = 'WAITING_ENGINE', version = e.version + 1, process_id = NULL, moved_at = clock()
  WHERE e.workspace_id = $1 AND e.id = $2 AND e.version = $3 AND e.epoch = $4
  RETURNING e.workspace_id, e.id, e.version, e.parent_execution_id
), closed AS (
  UPDATE connection_attempt a SET ended_at = clock(), outcome = $6, details = $7::text::json
  FROM moved
  WHERE a.workspace_id = $1 AND a.execution_id = $2 AND a.attempt = $5
)
SELECT id, version, parent_execution_id FROM moved

-- name: closeAttempt
-- Of an execution that somebody else has moved meanwhile.
UPDATE connection_attempt SET ended_at = clock(), outcome = $5, details = $6::text::json
WHERE workspace_id = $1 AND execution_id = $2 AND attempt = $3 AND process_id = $4 AND ended_at IS NULL
RETURNING attempt

-- name: readConnectionStates
SELECT e.workspace_id, e.id, e.status, e.version
FROM json_to_recordset($1::json) AS d(workspace_id uuid, id uuid)
JOIN execution e ON e.workspace_id = d.workspace_id AND e.id = d.id
