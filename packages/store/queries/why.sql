-- name: readHolders
SELECT h.execution_id, h.token, h.depth, h.held_since, h.expires_at
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
-- whom the open waits of $2 are for, in the caller's order; a null status: it is not there any more
SELECT awaited.seq, awaited.id, e.status
FROM (
  SELECT w.seq, w.ref AS id, 0 AS ordinal FROM wait w
  WHERE w.workspace_id = $1 AND w.execution_id = $2 AND w.kind = 'DEPENDENCY' AND w.ref IS NOT NULL
  UNION ALL
  SELECT m.seq, m.member_id, m.ordinal FROM wait_member m
  WHERE m.workspace_id = $1 AND m.execution_id = $2
) AS awaited
  LEFT JOIN execution e ON e.workspace_id = $1 AND e.id = awaited.id
ORDER BY awaited.seq, awaited.ordinal LIMIT 10000

-- name: readClock
SELECT clock() AS at

-- name: readLockName
SELECT s.name FROM setting s WHERE s.workspace_id = $1 AND s.id = $2

-- name: readBlocks
-- who is held up by whom, over the whole workspace, as long as both live
SELECT w.execution_id AS waiter, b.holder
FROM wait w
  CROSS JOIN LATERAL (
    SELECT w.ref AS holder WHERE w.kind = 'DEPENDENCY' AND w.ref IS NOT NULL
    UNION ALL
    SELECT m.member_id FROM wait_member m
    WHERE w.kind = 'DEPENDENCY' AND m.workspace_id = w.workspace_id
      AND m.execution_id = w.execution_id AND m.seq = w.seq
    UNION ALL
    SELECT h.execution_id FROM lock_holder h
    WHERE w.kind = 'LOCK' AND h.workspace_id = w.workspace_id AND h.key = w.subject AND h.expires_at IS NULL
  ) AS b
  JOIN execution e ON e.workspace_id = $1 AND e.id = b.holder AND e.ended_at IS NULL
WHERE w.workspace_id = $1 AND w.kind IN ('DEPENDENCY', 'LOCK')
LIMIT $2
