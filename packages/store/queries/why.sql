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
