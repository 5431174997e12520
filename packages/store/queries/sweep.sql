-- name: sweepExecutions
-- One page of what has not ended, and what of it (in the caller's shards) does not move by itself.
-- The last row is the page itself: where it ended and how many rows it had.
WITH RECURSIVE held AS (
  SELECT s.shard FROM json_to_recordset($1::json) AS d(shard smallint, term bigint)
  JOIN shard_lease s ON s.service = 'scheduler' AND s.shard = d.shard AND s.term = d.term
    AND s.process_id = $2 AND s.expires_at > clock()
), page AS MATERIALIZED (
  SELECT e.workspace_id, e.id, e.type, e.status, e.version, e.epoch, e.generation, e.orphan, e.priority, e.process_id,
    e.parent_execution_id, e.moved_at
  FROM execution e
  WHERE e.ended_at IS NULL AND (e.workspace_id, e.id) > ($3, $4)
  ORDER BY e.workspace_id, e.id LIMIT $5
), mine AS MATERIALIZED (
  SELECT * FROM page WHERE shard_of_execution(id) = ANY (ARRAY(SELECT shard FROM held))
), climb AS (
  -- From each live child up through ancestors that have ended, as far as none is an orphan. What was
  -- reverted lives by somebody's wish, and what is below it too: only ends after that count (`since`).
  SELECT m.workspace_id, m.id, a.status, a.ended_at, a.parent_execution_id, a.orphan, a.generation, a.id AS at,
    CASE WHEN m.generation = 1 THEN '-infinity'::timestamptz ELSE (
      SELECT r.created_at FROM revert r
      WHERE r.workspace_id = m.workspace_id AND r.execution_id = m.id AND r.generation = m.generation
    ) END AS since
  FROM mine m
  CROSS JOIN LATERAL (
    SELECT * FROM execution a WHERE a.workspace_id = m.workspace_id AND a.id = m.parent_execution_id LIMIT 1
  ) a
  WHERE NOT m.orphan AND a.ended_at IS NOT NULL
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
), found AS (
  SELECT 'ready' AS find, m.* FROM mine m
  WHERE m.status = 'WAITING_ENGINE' AND m.moved_at < clock() - $6 * interval '1 millisecond'
  UNION ALL
  SELECT 'lost', m.* FROM mine m
  WHERE m.status = 'AT_ENGINE'
    AND NOT EXISTS (SELECT FROM process_lease l WHERE l.process_id = m.process_id AND l.expires_at > clock())
  UNION ALL
  SELECT 'abandoned', m.* FROM mine m
  WHERE m.id IN (SELECT c.id FROM climb c WHERE c.status = 'ENDED_CANCELLED' AND c.ended_at > c.since)
)
SELECT find, workspace_id, id, type, version, epoch, priority,
  (extract(epoch FROM clock() - moved_at) * 1000)::float8 AS age_ms, 0 AS rows
FROM found
UNION ALL
SELECT 'page', workspace_id, id, type, version, epoch, 0, 0, (SELECT count(*)::integer FROM page)
FROM (SELECT * FROM page ORDER BY workspace_id DESC, id DESC LIMIT 1) last

-- name: sweepWaits
-- One page of open waits, and what of it a lost nudge may have left behind.
WITH held AS (
  SELECT s.shard FROM json_to_recordset($1::json) AS d(shard smallint, term bigint)
  JOIN shard_lease s ON s.service = 'scheduler' AND s.shard = d.shard AND s.term = d.term
    AND s.process_id = $2 AND s.expires_at > clock()
), page AS MATERIALIZED (
  SELECT w.workspace_id, w.execution_id, w.seq, w.generation, w.kind, w.ref, w.subject, w.since
  FROM wait w
  WHERE (w.workspace_id, w.execution_id, w.seq) > ($3, $4, $5)
  ORDER BY w.workspace_id, w.execution_id, w.seq LIMIT $6
), found AS (
  SELECT p.*, CASE
    WHEN e.id IS NULL OR e.ended_at IS NOT NULL OR e.generation > p.generation THEN 'stale'
    WHEN p.kind = 'DEPENDENCY' AND p.since < clock() - $7 * interval '1 millisecond' AND
      -- Scalar subqueries: as EXISTS they would be hashed, by reading the whole table.
      CASE WHEN p.ref IS NOT NULL THEN
        (SELECT t.ended_at IS NULL FROM execution t
         WHERE t.workspace_id = p.workspace_id AND t.id = p.ref) IS NOT TRUE
      ELSE
        coalesce((SELECT bool_or(t.id IS NULL OR t.ended_at IS NOT NULL)
          FROM wait_member m
          LEFT JOIN LATERAL (
            SELECT t.id, t.ended_at FROM execution t
            WHERE t.workspace_id = m.workspace_id AND t.id = m.member_id LIMIT 1
          ) t ON true
          WHERE m.workspace_id = p.workspace_id AND m.execution_id = p.execution_id AND m.seq = p.seq), true)
      END THEN 'dependency'
    WHEN p.kind = 'RESPONSE' AND p.ref IS NOT NULL AND p.since < clock() - $7 * interval '1 millisecond' AND
      (SELECT n.status = 'OPEN' FROM message_now n
       WHERE n.workspace_id = p.workspace_id AND n.id = p.ref LIMIT 1) IS NOT TRUE THEN 'response'
    WHEN p.kind = 'CONTROL' AND p.since < clock() - $7 * interval '1 millisecond' THEN 'control'
    WHEN p.kind = 'RECORD' AND p.since < clock() - $7 * interval '1 millisecond' THEN 'record'
    WHEN p.kind = 'LOCK' AND p.since < clock() - $7 * interval '1 millisecond' AND (
      SELECT r.ticket FROM lock_request r
      WHERE r.workspace_id = p.workspace_id AND r.key = p.subject AND r.execution_id = p.execution_id
        AND r.seq = p.seq) IS NULL
      -- Held back before its start, it asks for its place when it is resumed.
      AND NOT (p.seq = 0 AND e.status = 'PAUSED') THEN 'lock'
  END AS find
  FROM page p
  LEFT JOIN LATERAL (
    SELECT e.id, e.ended_at, e.generation, e.status FROM execution e
    WHERE e.workspace_id = p.workspace_id AND e.id = p.execution_id LIMIT 1
  ) e ON true
  WHERE shard_of_execution(p.execution_id) = ANY (ARRAY(SELECT shard FROM held))
)
SELECT find, workspace_id, execution_id, seq, CASE WHEN kind = 'LOCK' THEN subject END AS subject, 0 AS rows
FROM found WHERE find IS NOT NULL
UNION ALL
SELECT 'page', workspace_id, execution_id, seq, NULL, (SELECT count(*)::integer FROM page)
FROM (SELECT * FROM page ORDER BY workspace_id DESC, execution_id DESC, seq DESC LIMIT 1) last

-- name: deleteStaleWaits
WITH gone AS (
  DELETE FROM wait w
  USING json_to_recordset($1::json) AS d(workspace_id uuid, execution_id uuid, seq integer)
  WHERE w.workspace_id = d.workspace_id AND w.execution_id = d.execution_id AND w.seq = d.seq
    AND NOT EXISTS (
      SELECT FROM execution e
      WHERE e.workspace_id = w.workspace_id AND e.id = w.execution_id
        AND e.ended_at IS NULL AND e.generation <= w.generation)
  RETURNING w.workspace_id, w.execution_id, w.seq
), members AS (
  DELETE FROM wait_member m USING gone g
  WHERE m.workspace_id = g.workspace_id AND m.execution_id = g.execution_id AND m.seq = g.seq
)
SELECT workspace_id, execution_id, seq FROM gone

-- name: expiredProcesses
SELECT process_id, service FROM process_lease WHERE expires_at <= clock()

-- name: heldByProcess
SELECT e.workspace_id, e.id, e.epoch
FROM execution e
WHERE e.ended_at IS NULL AND (e.workspace_id, e.id) > ($2, $3) AND e.status = 'AT_ENGINE' AND e.process_id = $1
ORDER BY e.workspace_id, e.id LIMIT $4

-- name: recoverLost
-- leaseExpired and at once recovered (or, past the limit, LOST for a person to look at): the two
-- moves that packages/execution decides, as one. Not if the process has its lease after all.
WITH lost AS MATERIALIZED (
  SELECT e.workspace_id, e.id, e.process_id, e.recoveries < $2 AS again
  FROM (
    SELECT DISTINCT workspace_id, id, epoch
    FROM json_to_recordset($1::json) AS d(workspace_id uuid, id uuid, epoch integer)
    ORDER BY workspace_id, id
  ) d
  CROSS JOIN LATERAL (
    SELECT e.workspace_id, e.id, e.process_id, e.recoveries FROM execution e
    WHERE e.workspace_id = d.workspace_id AND e.id = d.id AND e.status = 'AT_ENGINE' AND e.epoch = d.epoch
    FOR UPDATE
  ) e
  WHERE NOT EXISTS (SELECT FROM process_lease l WHERE l.process_id = e.process_id AND l.expires_at > clock())
)
UPDATE execution e SET
  status = CASE WHEN l.again THEN 'WAITING_ENGINE' ELSE 'LOST' END,
  version = e.version + CASE WHEN l.again THEN 2 ELSE 1 END,
  epoch = e.epoch + CASE WHEN l.again THEN 1 ELSE 0 END,
  recoveries = e.recoveries + CASE WHEN l.again THEN 1 ELSE 0 END,
  process_id = NULL,
  message = CASE WHEN l.again THEN e.message ELSE $3 END,
  moved_at = clock()
FROM lost l
WHERE e.workspace_id = l.workspace_id AND e.id = l.id
RETURNING e.workspace_id, e.id, e.type, e.status, e.version, e.priority, e.parent_execution_id, l.process_id

-- name: removeExpired
DELETE FROM process_lease l WHERE l.process_id = $1 AND l.expires_at <= clock() RETURNING l.process_id
