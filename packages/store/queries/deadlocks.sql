-- name: lockSeeds
-- A page of those whose code waits for a lock, oldest first, after the wait that $2 to $5 name. A run that
-- waits for its start (seq 0) is none: at most it has a place in its flow and waits for its turn, which
-- comes by itself. So a deadlock that holds such a run has somebody who waits for it: that one is a seed.
SELECT w.workspace_id, w.execution_id, w.seq, w.since::text AS since
FROM wait w
WHERE w.kind = 'LOCK' AND w.seq <> 0 AND w.since < (SELECT clock()) - $1 * interval '1 millisecond'
  AND w.since >= $2::timestamptz
  AND (w.since, w.workspace_id, w.execution_id, w.seq) > ($2::timestamptz, $3::uuid, $4::uuid, $5::integer)
ORDER BY w.since, w.workspace_id, w.execution_id, w.seq
LIMIT $6

-- name: dependencySeeds
-- A page, by their ids, of those after $3 and $4 that wait for executions. With $2 only of waits that are
-- younger than that, and also of those for a place in a flow: one that is new may be what closes a cycle.
SELECT DISTINCT w.workspace_id, w.execution_id
FROM wait w
WHERE w.since < (SELECT clock()) - $1 * interval '1 millisecond'
  AND (w.workspace_id, w.execution_id) > ($3::uuid, $4::uuid)
  AND CASE WHEN $2::float8 IS NULL THEN w.kind = 'DEPENDENCY'
    ELSE w.since > (SELECT clock()) - $2 * interval '1 millisecond'
      AND (w.kind = 'DEPENDENCY' OR (w.kind = 'LOCK' AND w.seq = 0)) END
ORDER BY w.workspace_id, w.execution_id
LIMIT $5

-- name: blockedGraph
-- Everything that the seeds wait for, through locks and executions, and what that waits for in turn. A
-- lock is a node as well, so that however many wait for it, its holders are read once. That a node has a
-- key is said besides: of one without, the planner may read all that is held to find nothing.
WITH RECURSIVE node(workspace_id, id, key) AS (
  SELECT d.workspace_id, d.execution_id, NULL::text
  FROM json_to_recordset($1::json) AS d(workspace_id uuid, execution_id uuid)
  UNION
  SELECT n.workspace_id, t.id, t.key
  FROM node n
  LEFT JOIN wait w ON w.workspace_id = n.workspace_id AND w.execution_id = n.id
  CROSS JOIN LATERAL (
    SELECT NULL::uuid AS id, w.subject AS key WHERE w.kind = 'LOCK'
    UNION ALL
    SELECT h.execution_id, NULL FROM lock_holder h
    WHERE n.key IS NOT NULL AND h.workspace_id = n.workspace_id AND h.key = n.key AND h.expires_at IS NULL
    UNION ALL
    SELECT w.ref, NULL WHERE w.kind = 'DEPENDENCY' AND w.ref IS NOT NULL
    UNION ALL
    SELECT m.member_id, NULL FROM wait_member m
    WHERE w.kind = 'DEPENDENCY' AND w.ref IS NULL
      AND m.workspace_id = w.workspace_id AND m.execution_id = w.execution_id AND m.seq = w.seq
  ) t
)
SELECT n.workspace_id, n.id, n.key, e.name, e.status, e.beneath, w.seq, w.generation, w.kind, w.subject,
  w.return_when, w.needed, t.members, t.succeeded, t.failed, coalesce(t.targets, h.holders) AS targets
FROM node n
LEFT JOIN LATERAL (
  SELECT * FROM execution e
  WHERE e.workspace_id = n.workspace_id AND e.id = n.id AND e.status NOT LIKE 'ENDED%' LIMIT 1
) e ON true
LEFT JOIN wait w ON w.workspace_id = n.workspace_id AND w.execution_id = n.id
LEFT JOIN LATERAL (
  SELECT count(*)::integer AS members,
    count(*) FILTER (WHERE x.status = 'ENDED_SUCCESS')::integer AS succeeded,
    count(*) FILTER (WHERE x.id IS NULL OR (x.ended_at IS NOT NULL AND x.status <> 'ENDED_SUCCESS'))::integer AS failed,
    CASE WHEN w.kind = 'DEPENDENCY' THEN
      array_agg(x.id::text) FILTER (WHERE x.ended_at IS NULL AND x.id IS NOT NULL) END AS targets
  FROM (
    SELECT w.ref AS id WHERE w.kind = 'DEPENDENCY' AND w.ref IS NOT NULL
    UNION ALL
    SELECT m.member_id FROM wait_member m
    WHERE w.kind = 'DEPENDENCY' AND w.ref IS NULL
      AND m.workspace_id = w.workspace_id AND m.execution_id = w.execution_id AND m.seq = w.seq
  ) g
  LEFT JOIN LATERAL (
    SELECT x.id, x.status, x.ended_at FROM execution x
    WHERE x.workspace_id = w.workspace_id AND x.id = g.id LIMIT 1
  ) x ON true
) t ON true
LEFT JOIN LATERAL (
  SELECT array_agg(h.execution_id::text) AS holders FROM lock_holder h
  WHERE n.key IS NOT NULL AND h.workspace_id = n.workspace_id AND h.key = n.key AND h.expires_at IS NULL
) h ON true
WHERE e.id IS NOT NULL OR h.holders IS NOT NULL
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
