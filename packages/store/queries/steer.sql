-- name: lockExecutions
-- By itself and first: the next statement sees all that whoever had them has left, not the row alone.
SELECT e.id
FROM (
  SELECT DISTINCT workspace_id, id FROM json_to_recordset($1::json) AS d(workspace_id uuid, id uuid)
  ORDER BY workspace_id, id
) d
CROSS JOIN LATERAL (
  SELECT e.id FROM execution e WHERE e.workspace_id = d.workspace_id AND e.id = d.id FOR UPDATE
) e

-- name: steerExecutions
-- pauseRequested, resumeRequested or cancelRequested ($2) for many, each as decide has it. The answer
-- names all that exist, moved or not; the caller nudges. $3 the message of those that are cancelled.
WITH locked AS MATERIALIZED (
  SELECT e.workspace_id, e.id, e.type, e.priority, e.status::text AS was, e.process_id, e.parent_execution_id
  FROM (
    SELECT DISTINCT workspace_id, id FROM json_to_recordset($1::json) AS d(workspace_id uuid, id uuid)
    ORDER BY workspace_id, id
  ) d
  CROSS JOIN LATERAL (
    SELECT e.workspace_id, e.id, e.type, e.priority, e.status, e.process_id, e.parent_execution_id FROM execution e
    WHERE e.workspace_id = d.workspace_id AND e.id = d.id
    FOR UPDATE
  ) e
), moved AS (
  UPDATE execution e SET
    status = CASE $2::text WHEN 'cancel' THEN 'ENDED_CANCELLED' WHEN 'pause' THEN 'PAUSED'
      ELSE coalesce(e.beneath::text, 'WAITING_ENGINE') END,
    beneath = CASE WHEN $2 = 'pause' THEN
      CASE WHEN l.was = 'AT_ENGINE' THEN 'WAITING_ENGINE' ELSE l.was END END,
    version = e.version + 1,
    -- A rescue by hand has all of its attempts before it again.
    epoch = e.epoch + CASE WHEN $2 = 'resume' AND l.was = 'LOST' THEN 1 ELSE 0 END,
    recoveries = CASE WHEN $2 = 'resume' AND l.was = 'LOST' THEN 0 ELSE e.recoveries END,
    process_id = NULL,
    message = CASE WHEN $2 = 'cancel' THEN $3 ELSE e.message END,
    moved_at = clock(),
    ended_at = CASE WHEN $2 = 'cancel' THEN clock() END
  FROM locked l
  WHERE e.workspace_id = l.workspace_id AND e.id = l.id AND CASE $2
    WHEN 'cancel' THEN l.was NOT LIKE 'ENDED%'
    WHEN 'pause' THEN l.was NOT LIKE 'ENDED%' AND l.was NOT IN ('PAUSED', 'LOST')
    WHEN 'resume' THEN l.was IN ('PAUSED', 'LOST') AND (
      -- Its debugger has stopped it, and how it goes on is not said. A value, lest all stops be hashed.
      SELECT w.seq FROM wait w
      WHERE w.workspace_id = l.workspace_id AND w.execution_id = l.id AND w.kind = 'BREAK' LIMIT 1) IS NULL
  END
  RETURNING e.workspace_id, e.id, e.version, e.status, e.generation
), waits AS (
  DELETE FROM wait w USING moved m WHERE $2 = 'cancel' AND w.workspace_id = m.workspace_id AND w.execution_id = m.id
), members AS (
  DELETE FROM wait_member w USING moved m
  WHERE $2 = 'cancel' AND w.workspace_id = m.workspace_id AND w.execution_id = m.id
), asked AS (
  -- See applyIfVersion.
  INSERT INTO lock_request (workspace_id, key, execution_id, generation, seq, action, capacity)
  SELECT m.workspace_id, g.key, m.id, m.generation, 0, 'acquire', g.capacity
  FROM moved m
  CROSS JOIN LATERAL (
    -- Its kind apart: here it would offer the planner the index of all waits for locks.
    SELECT w.subject, w.kind FROM wait w
    WHERE w.workspace_id = m.workspace_id AND w.execution_id = m.id AND w.seq = 0 LIMIT 1
  ) w
  CROSS JOIN LATERAL (
    SELECT g.key, g.capacity FROM start_gate g
    WHERE g.workspace_id = m.workspace_id AND g.execution_id = m.id AND g.key = w.subject LIMIT 1
  ) g
  WHERE $2 = 'resume' AND m.status = 'WAITING_LOCK' AND w.kind = 'LOCK'
  ON CONFLICT DO NOTHING
  RETURNING workspace_id, execution_id, key
)
SELECT l.workspace_id, l.id, l.type, l.priority, l.was, l.process_id, l.parent_execution_id, m.version, m.status,
  a.key AS gate
FROM locked l
  LEFT JOIN moved m ON m.workspace_id = l.workspace_id AND m.id = l.id
  LEFT JOIN asked a ON a.workspace_id = l.workspace_id AND a.execution_id = l.id

-- name: readStatuses
SELECT e.workspace_id, e.id, e.status, e.status = 'PAUSED' AND EXISTS (
  SELECT FROM wait w WHERE w.workspace_id = e.workspace_id AND w.execution_id = e.id AND w.kind = 'BREAK') AS is_stopped
FROM json_to_recordset($1::json) AS d(workspace_id uuid, id uuid)
JOIN execution e ON e.workspace_id = d.workspace_id AND e.id = d.id
