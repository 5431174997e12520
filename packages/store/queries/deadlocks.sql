-- name: lockSeeds
SELECT DISTINCT w.workspace_id, w.execution_id
FROM wait w
WHERE w.kind = 'LOCK' AND w.since < (SELECT clock()) - $1 * interval '1 millisecond'
LIMIT $2

-- name: dependencySeeds
SELECT DISTINCT w.workspace_id, w.execution_id
FROM wait w
WHERE w.kind = 'DEPENDENCY' AND w.since < (SELECT clock()) - $1 * interval '1 millisecond'
  AND w.since > (SELECT clock()) - $2 * interval '1 millisecond'
LIMIT $3

-- name: blockedGraph
-- Everything that the seeds wait for, through locks and executions, and what that waits for in turn.
WITH RECURSIVE node(workspace_id, id) AS (
  SELECT d.workspace_id, d.execution_id FROM json_to_recordset($1::json) AS d(workspace_id uuid, execution_id uuid)
  UNION
  SELECT n.workspace_id, t.id
  FROM node n
  JOIN wait w ON w.workspace_id = n.workspace_id AND w.execution_id = n.id
  CROSS JOIN LATERAL (
    SELECT h.execution_id AS id FROM lock_holder h
    WHERE w.kind = 'LOCK' AND h.workspace_id = w.workspace_id AND h.key = w.subject AND h.expires_at IS NULL
    UNION ALL
    SELECT w.ref WHERE w.kind = 'DEPENDENCY' AND w.ref IS NOT NULL
    UNION ALL
    SELECT m.member_id FROM wait_member m
    WHERE w.kind = 'DEPENDENCY' AND w.ref IS NULL
      AND m.workspace_id = w.workspace_id AND m.execution_id = w.execution_id AND m.seq = w.seq
  ) t
)
SELECT n.workspace_id, n.id, e.name, e.status, e.beneath, w.seq, w.generation, w.kind, w.subject,
  w.return_when, w.needed, t.members, t.succeeded, t.failed, t.targets
FROM node n
CROSS JOIN LATERAL (
  SELECT * FROM execution e
  WHERE e.workspace_id = n.workspace_id AND e.id = n.id AND e.status NOT LIKE 'ENDED%' LIMIT 1
) e
LEFT JOIN wait w ON w.workspace_id = n.workspace_id AND w.execution_id = n.id
LEFT JOIN LATERAL (
  SELECT count(*)::integer AS members,
    count(*) FILTER (WHERE x.status = 'ENDED_SUCCESS')::integer AS succeeded,
    count(*) FILTER (WHERE x.id IS NULL OR (x.ended_at IS NOT NULL AND x.status <> 'ENDED_SUCCESS'))::integer AS failed,
    coalesce(array_agg(x.id::text) FILTER (WHERE x.ended_at IS NULL AND x.id IS NOT NULL), '{}') AS targets
  FROM (
    SELECT h.execution_id AS id FROM lock_holder h
    WHERE w.kind = 'LOCK' AND h.workspace_id = w.workspace_id AND h.key = w.subject AND h.expires_at IS NULL
    UNION ALL
    SELECT w.ref WHERE w.kind = 'DEPENDENCY' AND w.ref IS NOT NULL
    UNION ALL
    SELECT m.member_id FROM wait_member m
    WHERE w.kind = 'DEPENDENCY' AND w.ref IS NULL
      AND m.workspace_id = w.workspace_id AND m.execution_id = w.execution_id AND m.seq = w.seq
  ) g
  LEFT JOIN LATERAL (
    SELECT x.id, x.status, x.ended_at FROM execution x
    WHERE x.workspace_id = w.workspace_id AND x.id = g.id LIMIT 1
  ) x ON true
) t ON w.seq IS NOT NULL
ORDER BY n.workspace_id, n.id, w.seq

-- name: lockExecutions
SELECT e.id
FROM (
  SELECT DISTINCT workspace_id, execution_id
  FROM json_to_recordset($1::json) AS d(workspace_id uuid, execution_id uuid)
  ORDER BY workspace_id, execution_id
) d
CROSS JOIN LATERAL (
  SELECT e.id FROM execution e WHERE e.workspace_id = d.workspace_id AND e.id = d.execution_id FOR UPDATE
) e
