-- name: examineExecutions
-- A page of what lives in workspace $1, after $2: what it says of itself, and whether somebody has it.
-- $4 ms is what everything may take that happens by itself.
WITH RECURSIVE page AS MATERIALIZED (
  SELECT e.* FROM execution e
  WHERE e.workspace_id = $1 AND e.ended_at IS NULL AND e.id > $2
  ORDER BY e.id LIMIT $3
), climb AS (
  -- As the sweep does, to the word: see sweepExecutions.
  SELECT p.workspace_id, p.id, a.status, a.ended_at, a.parent_execution_id, a.orphan, a.generation, a.id AS at,
    CASE WHEN p.generation = 1 THEN '-infinity'::timestamptz ELSE (
      SELECT r.created_at FROM revert r
      WHERE r.workspace_id = p.workspace_id AND r.execution_id = p.id AND r.generation = p.generation
    ) END AS since
  FROM page p
  CROSS JOIN LATERAL (
    SELECT * FROM execution a WHERE a.workspace_id = p.workspace_id AND a.id = p.parent_execution_id LIMIT 1
  ) a
  WHERE NOT p.orphan AND a.ended_at IS NOT NULL
  UNION ALL
  SELECT c.workspace_id, c.id, a.status, a.ended_at, a.parent_execution_id, a.orphan, a.generation, a.id,
    CASE WHEN c.generation = 1 THEN c.since ELSE greatest(c.since, (
      SELECT r.created_at FROM revert r
      WHERE r.workspace_id = c.workspace_id AND r.execution_id = c.at AND r.generation = c.generation
    )) END
  FROM climb c
  CROSS JOIN LATERAL (
    SELECT * FROM execution a WHERE a.workspace_id = c.workspace_id AND a.id = c.parent_execution_id LIMIT 1
  ) a
  WHERE (c.status <> 'ENDED_CANCELLED' OR c.ended_at <= c.since) AND NOT c.orphan AND a.ended_at IS NOT NULL
)
SELECT p.id, p.type, p.status, p.beneath, p.version, p.epoch, p.process_id,
  (readable(p.extra) ->> 'max_runtime_seconds')::integer AS max_runtime,
  (extract(epoch FROM clock() - p.moved_at) * 1000)::float8 AS age_ms,
  p.status <> 'AT_ENGINE' OR EXISTS (
    SELECT FROM process_lease l WHERE l.process_id = p.process_id
      AND l.expires_at > clock() - $4 * interval '1 millisecond') AS is_held,
  (SELECT w.kind FROM wait w
   WHERE w.workspace_id = p.workspace_id AND w.execution_id = p.id AND w.kind <> 'BREAK'
   ORDER BY w.seq LIMIT 1) AS oldest_wait,
  (extract(epoch FROM clock() - p.started_at) - (readable(p.extra) ->> 'max_runtime_seconds')::integer)::float8 * 1000 AS overrun_ms,
  readable(p.extra) ->> 'max_runtime_seconds' IS NULL OR EXISTS (
    SELECT FROM runtime_limit r WHERE r.workspace_id = p.workspace_id AND r.execution_id = p.id) AS is_watched,
  EXISTS (
    SELECT FROM climb c WHERE c.id = p.id AND c.status = 'ENDED_CANCELLED' AND c.ended_at > c.since
      AND c.ended_at < clock() - $4 * interval '1 millisecond') AS is_abandoned
FROM page p
ORDER BY p.id

-- name: examineWaits
-- A page of the open waits of workspace $1, after ($2, $3), likewise. What others have done counts only
-- when it was done more than $5 ms ago: it may be on its way.
WITH page AS MATERIALIZED (
  SELECT w.* FROM wait w
  WHERE w.workspace_id = $1 AND (w.workspace_id, w.execution_id, w.seq) > ($1, $2, $3)
  ORDER BY w.workspace_id, w.execution_id, w.seq LIMIT $4
), past AS MATERIALIZED (
  SELECT clock() AS now, clock() - $5 * interval '1 millisecond' AS at
)
SELECT p.execution_id, p.seq, p.kind, p.subject, p.return_when, p.needed,
  (extract(epoch FROM t.now - p.since) * 1000)::float8 AS age_ms,
  CASE WHEN p.due_at <= t.now THEN (extract(epoch FROM t.now - p.due_at) * 1000)::float8 END AS overdue_ms,
  coalesce(e.status = 'PAUSED', false) AS is_paused,
  e.id IS NULL OR coalesce(e.ended_at < t.at, false) OR (e.generation > p.generation AND e.moved_at < t.at) AS is_stale,
  d.members, d.succeeded, d.failed,
  p.kind = 'RESPONSE' AND (m.status IS NULL OR (m.status <> 'OPEN' AND coalesce(m.answered_at, m.closed_at) < t.at)) AS is_settled,
  CASE WHEN p.kind = 'LOCK' THEN
    CASE WHEN r.found IS NULL THEN 'missing' WHEN r.ticket IS NULL THEN 'unseen' ELSE 'queued' END
  END AS request,
  r.ticket IS NOT NULL AND r.requested_at < t.at AND l.places > (
    SELECT count(*) FROM lock_holder h
    LEFT JOIN execution o ON o.workspace_id = h.workspace_id AND o.id = h.execution_id
    WHERE h.workspace_id = p.workspace_id AND h.key = p.subject
      AND NOT CASE WHEN h.expires_at IS NOT NULL THEN h.expires_at < t.at
        ELSE o.id IS NULL OR coalesce(o.ended_at < t.at, false) END
  ) AND NOT EXISTS (
    SELECT FROM lock_request q
    JOIN wait qw ON qw.workspace_id = q.workspace_id AND qw.execution_id = q.execution_id AND qw.seq = q.seq
    WHERE q.workspace_id = p.workspace_id AND q.key = p.subject AND q.action = 'acquire' AND q.ticket < r.ticket
  ) AS is_passed_over
FROM page p
CROSS JOIN past t
LEFT JOIN LATERAL (
  SELECT e.id, e.status, e.ended_at, e.generation, e.moved_at FROM execution e
  WHERE e.workspace_id = p.workspace_id AND e.id = p.execution_id LIMIT 1
) e ON true
LEFT JOIN LATERAL (
  SELECT count(*)::integer AS members,
    count(*) FILTER (WHERE x.status = 'ENDED_SUCCESS' AND x.ended_at < t.at)::integer AS succeeded,
    count(*) FILTER (WHERE x.id IS NULL OR (x.ended_at < t.at AND x.status <> 'ENDED_SUCCESS'))::integer AS failed
  FROM (
    SELECT p.ref AS id WHERE p.ref IS NOT NULL
    UNION ALL
    SELECT m.member_id FROM wait_member m
    WHERE p.ref IS NULL AND m.workspace_id = p.workspace_id AND m.execution_id = p.execution_id AND m.seq = p.seq
  ) g
  LEFT JOIN LATERAL (
    SELECT x.id, x.status, x.ended_at FROM execution x
    WHERE x.workspace_id = p.workspace_id AND x.id = g.id LIMIT 1
  ) x ON true
) d ON p.kind = 'DEPENDENCY'
LEFT JOIN LATERAL (
  SELECT n.status, n.answered_at, n.closed_at FROM message_now n
  WHERE n.workspace_id = p.workspace_id AND n.id = p.ref LIMIT 1
) m ON p.kind = 'RESPONSE'
LEFT JOIN LATERAL (
  SELECT true AS found, r.ticket, r.requested_at FROM lock_request r
  WHERE r.workspace_id = p.workspace_id AND r.key = p.subject AND r.execution_id = p.execution_id AND r.seq = p.seq
    AND r.action = 'acquire' LIMIT 1
) r ON p.kind = 'LOCK'
LEFT JOIN LATERAL (
  SELECT coalesce(CASE
    WHEN l.key LIKE 'concurrency:%' THEN (
      SELECT coalesce((f.concurrency ->> 'limit')::integer, 1000000) FROM flow f
      WHERE f.workspace_id = l.workspace_id AND f.id = split_part(l.key, ':', 2)::uuid)
    WHEN l.key LIKE 'rate:%' THEN (
      SELECT coalesce((f.rate_limit ->> 'limit')::integer, 1000000) FROM flow f
      WHERE f.workspace_id = l.workspace_id AND f.id = split_part(l.key, ':', 2)::uuid)
    END, l.capacity) AS places
  FROM lock l WHERE l.workspace_id = p.workspace_id AND l.key = p.subject LIMIT 1
) l ON p.kind = 'LOCK'
ORDER BY p.execution_id, p.seq
