-- name: readHolders
SELECT h.execution_id, h.token, h.depth, h.held_since
FROM lock_holder h WHERE h.workspace_id = $1 AND h.key = $2
ORDER BY h.token

-- name: readQueue
-- in the order of their turns; those the lock-manager has not seen yet come last
SELECT r.execution_id, r.seq, r.ticket, r.requested_at, w.due_at
FROM lock_request r
  LEFT JOIN wait w ON w.workspace_id = r.workspace_id AND w.execution_id = r.execution_id AND w.seq = r.seq
WHERE r.workspace_id = $1 AND r.key = $2 AND r.action = 'acquire'
  AND NOT EXISTS (
    SELECT FROM lock_holder h
    WHERE h.workspace_id = r.workspace_id AND h.key = r.key AND h.execution_id = r.execution_id
  )
ORDER BY r.ticket NULLS LAST, r.requested_at, r.execution_id LIMIT $3

-- name: readAwaited
-- the executions that wait $3 of $2 is for, those that still move first
SELECT e.id, e.status, e.name, e.type, count(*) OVER () AS total,
  count(*) FILTER (WHERE e.ended_at IS NULL) OVER () AS live
FROM (
  SELECT w.ref AS id FROM wait w
  WHERE w.workspace_id = $1 AND w.execution_id = $2 AND w.seq = $3 AND w.ref IS NOT NULL
  UNION
  SELECT m.member_id FROM wait_member m
  WHERE m.workspace_id = $1 AND m.execution_id = $2 AND m.seq = $3
) AS awaited
  JOIN execution e ON e.workspace_id = $1 AND e.id = awaited.id
ORDER BY e.ended_at IS NOT NULL, e.id LIMIT 20

-- name: readLockName
SELECT s.name FROM setting s WHERE s.workspace_id = $1 AND s.id = $2
