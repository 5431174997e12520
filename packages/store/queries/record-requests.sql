-- name: readRecordRequests
SELECT w.workspace_id, w.execution_id, w.generation, w.seq, w.subject, e.created_by
FROM json_to_recordset($1::json) AS d(workspace_id uuid, execution_id uuid)
CROSS JOIN LATERAL (
  SELECT * FROM wait w WHERE w.workspace_id = d.workspace_id AND w.execution_id = d.execution_id OFFSET 0
) w
JOIN execution e ON e.workspace_id = d.workspace_id AND e.id = d.execution_id
WHERE w.kind = 'RECORD'
ORDER BY w.workspace_id, w.execution_id, w.seq

-- name: lockExecution
-- Before its wait is looked at, in the order in which answers lock.
SELECT e.id FROM execution e WHERE e.workspace_id = $1 AND e.id = $2 FOR UPDATE

-- name: isStillAsked
SELECT w.seq FROM wait w
WHERE w.workspace_id = $1 AND w.execution_id = $2 AND w.generation = $3 AND w.seq = $4 AND w.kind = 'RECORD'
