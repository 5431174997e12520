-- name: ensureLocks
INSERT INTO lock (workspace_id, key)
SELECT d.workspace_id, d.key FROM json_to_recordset($1::json) AS d(workspace_id uuid, key text)
ON CONFLICT DO NOTHING

-- name: lockLocks
-- The row lock under which tickets and tokens are given. In one order, so that two batches with
-- common keys never wait for each other. Only keys of shards that the caller holds by term.
-- The limits of a flow are what its record says now.
SELECT l.workspace_id, l.key, coalesce(CASE
    WHEN l.key LIKE 'concurrency:%' THEN (
      SELECT coalesce((f.concurrency ->> 'limit')::integer, 1000000) FROM flow f
      WHERE f.workspace_id = l.workspace_id AND f.id = split_part(l.key, ':', 2)::uuid)
    WHEN l.key LIKE 'rate:%' THEN (
      SELECT coalesce((f.rate_limit ->> 'limit')::integer, 1000000) FROM flow f
      WHERE f.workspace_id = l.workspace_id AND f.id = split_part(l.key, ':', 2)::uuid)
  END, l.capacity) AS capacity, l.last_ticket, l.last_token
FROM (
  SELECT DISTINCT workspace_id, key FROM json_to_recordset($1::json) AS d(workspace_id uuid, key text)
  WHERE $2::json IS NULL OR shard_of_lock(workspace_id, key) = ANY (ARRAY(
    SELECT s.shard FROM json_to_recordset($2::json) AS h(shard smallint, term bigint)
    JOIN shard_lease s ON s.service = 'lock-manager' AND s.shard = h.shard AND s.term = h.term
      AND s.process_id = $3 AND s.expires_at > clock()
  ))
  ORDER BY workspace_id, key
) d
CROSS JOIN LATERAL (
  SELECT * FROM lock l WHERE l.workspace_id = d.workspace_id AND l.key = d.key FOR UPDATE
) l

-- name: readHolders
-- A place in a flow is kept through a revert; one start within a period is over with the period.
SELECT h.workspace_id, h.key, h.execution_id, h.generation, h.token, h.depth,
  CASE WHEN h.expires_at IS NOT NULL THEN h.expires_at <= clock()
    ELSE e.id IS NULL OR e.ended_at IS NOT NULL
      OR (e.generation > h.generation AND h.key NOT LIKE 'concurrency:%') END AS has_ended,
  (extract(epoch FROM h.expires_at - clock()) * 1000)::float8 AS expires_in_ms
FROM json_to_recordset($1::json) AS d(workspace_id uuid, key text)
JOIN lock_holder h ON h.workspace_id = d.workspace_id AND h.key = d.key
LEFT JOIN LATERAL (
  SELECT e.id, e.ended_at, e.generation FROM execution e
  WHERE e.workspace_id = h.workspace_id AND e.id = h.execution_id LIMIT 1
) e ON true
ORDER BY h.token

-- name: readRequests
-- Of each queue only what a decision is about, so that it costs the same however long the queue is: the
-- oldest requests without a ticket ($2 at most); from its head as many open ones as the lock has places,
-- and $3 more, with what lies between them; and what these executions, and its holders, ask for besides. Of
-- the limit of a flow $4 at most: raised or taken away, it lets in thousands, and the sweep finds the rest.
-- An acquire counts as long as its wait is open, and for this lock: a resume that read the wait before its
-- run passed this gate may ask here once more. A release counts as long as its execution is of its generation.
WITH want AS MATERIALIZED (
  SELECT l.workspace_id, l.key, l.capacity
  FROM json_to_recordset($1::json) AS d(workspace_id uuid, key text)
  CROSS JOIN LATERAL (
    SELECT * FROM lock l WHERE l.workspace_id = d.workspace_id AND l.key = d.key LIMIT 1
  ) l
), fresh AS MATERIALIZED (
  SELECT r.workspace_id, r.key, r.execution_id, r.seq, r.capacity
  FROM want d
  CROSS JOIN LATERAL (
    SELECT * FROM lock_request r
    WHERE r.workspace_id = d.workspace_id AND r.key = d.key AND r.ticket IS NULL
    ORDER BY r.requested_at, r.execution_id, r.seq LIMIT $2
  ) r
), head AS MATERIALIZED (
  -- Up to which ticket: the largest there is when the queue is no longer than that.
  SELECT d.workspace_id, d.key,
    CASE WHEN count(r.ticket) < d.places THEN 9223372036854775807 ELSE max(r.ticket) END AS ticket
  FROM (
    SELECT w.workspace_id, w.key, least(
      CASE WHEN w.key ~ '^(concurrency|rate):' THEN $4::integer END,
      $3 + greatest(w.capacity, (
        SELECT max(f.capacity) FROM fresh f WHERE f.workspace_id = w.workspace_id AND f.key = w.key))) AS places
    FROM want w
  ) d
  LEFT JOIN LATERAL (
    SELECT r.ticket FROM lock_request r
    WHERE r.workspace_id = d.workspace_id AND r.key = d.key AND r.ticket IS NOT NULL
      AND (SELECT w.kind = 'LOCK' AND w.subject = r.key AND w.generation = r.generation FROM wait w
        WHERE w.workspace_id = r.workspace_id AND w.execution_id = r.execution_id AND w.seq = r.seq)
    ORDER BY r.ticket LIMIT d.places
  ) r ON true
  GROUP BY d.workspace_id, d.key, d.places
), chosen AS MATERIALIZED (
  SELECT f.workspace_id, f.key, f.execution_id, f.seq FROM fresh f
  UNION
  SELECT r.workspace_id, r.key, r.execution_id, r.seq
  FROM head h
  CROSS JOIN LATERAL (
    SELECT * FROM lock_request r
    WHERE r.workspace_id = h.workspace_id AND r.key = h.key AND r.ticket <= h.ticket
  ) r
), beside AS (
  SELECT c.workspace_id, c.key, c.execution_id, c.seq FROM chosen c
  UNION
  SELECT r.workspace_id, r.key, r.execution_id, r.seq
  FROM (
    SELECT c.workspace_id, c.key, c.execution_id FROM chosen c
    UNION
    SELECT h.workspace_id, h.key, h.execution_id
    FROM want d JOIN lock_holder h ON h.workspace_id = d.workspace_id AND h.key = d.key
  ) a
  CROSS JOIN LATERAL (
    SELECT * FROM lock_request r
    WHERE r.workspace_id = a.workspace_id AND r.key = a.key AND r.execution_id = a.execution_id
      AND (r.ticket IS NOT NULL OR r.action = 'release')
  ) r
)
SELECT r.workspace_id, r.key, r.execution_id, r.generation, r.seq, r.action, r.capacity, r.ticket,
  CASE r.action
    WHEN 'acquire' THEN w.kind = 'LOCK' AND w.subject = r.key AND w.generation = r.generation
      AND e.id IS NOT NULL AND e.ended_at IS NULL
    ELSE e.generation = r.generation
  END AS is_open,
  (extract(epoch FROM clock() - r.requested_at) * 1000)::float8 AS age_ms,
  r.ticket > h.ticket AS is_behind, h.ticket < 9223372036854775807 AS is_cut
FROM beside b
CROSS JOIN LATERAL (
  SELECT * FROM lock_request r
  WHERE r.workspace_id = b.workspace_id AND r.key = b.key AND r.execution_id = b.execution_id AND r.seq = b.seq
  LIMIT 1
) r
JOIN head h ON h.workspace_id = r.workspace_id AND h.key = r.key
LEFT JOIN LATERAL (
  SELECT e.id, e.ended_at, e.generation FROM execution e
  WHERE e.workspace_id = r.workspace_id AND e.id = r.execution_id LIMIT 1
) e ON true
LEFT JOIN LATERAL (
  SELECT w.kind, w.subject, w.generation FROM wait w
  WHERE w.workspace_id = r.workspace_id AND w.execution_id = r.execution_id AND w.seq = r.seq LIMIT 1
) w ON true
ORDER BY r.ticket NULLS LAST, r.requested_at, r.execution_id, r.seq

-- name: saveLocks
-- The difference between what was read under the row lock and what was decided. Holders to remove and
-- holders to write are disjoint, so the parts of this statement do not touch the same row. A request
-- that the next life of a reverted execution has put in the place of one that was read is another one.
WITH counted AS (
  UPDATE lock l SET capacity = d.capacity, last_ticket = d.last_ticket, last_token = d.last_token
  FROM json_to_recordset($1::json) AS d(workspace_id uuid, key text, capacity integer, last_ticket bigint, last_token bigint)
  WHERE l.workspace_id = d.workspace_id AND l.key = d.key
    AND (l.capacity, l.last_ticket, l.last_token) IS DISTINCT FROM (d.capacity, d.last_ticket, d.last_token)
), done AS (
  DELETE FROM lock_request r
  USING json_to_recordset($2::json) AS d(workspace_id uuid, key text, execution_id uuid, generation integer, seq integer)
  WHERE r.workspace_id = d.workspace_id AND r.key = d.key AND r.execution_id = d.execution_id AND r.seq = d.seq
    AND r.generation = d.generation
), queued AS (
  UPDATE lock_request r SET ticket = d.ticket
  FROM json_to_recordset($3::json) AS d(workspace_id uuid, key text, execution_id uuid, generation integer, seq integer, ticket bigint)
  WHERE r.workspace_id = d.workspace_id AND r.key = d.key AND r.execution_id = d.execution_id AND r.seq = d.seq
    AND r.generation = d.generation
), released AS (
  DELETE FROM lock_holder h
  USING json_to_recordset($4::json) AS d(workspace_id uuid, key text, execution_id uuid)
  WHERE h.workspace_id = d.workspace_id AND h.key = d.key AND h.execution_id = d.execution_id
)
INSERT INTO lock_holder (workspace_id, key, execution_id, generation, token, depth, expires_at)
SELECT d.workspace_id, d.key, d.execution_id, d.generation, d.token, d.depth,
  CASE WHEN d.key LIKE 'rate:%' THEN clock() + coalesce((
    SELECT (f.rate_limit ->> 'per_seconds')::integer FROM flow f
    WHERE f.workspace_id = d.workspace_id AND f.id = split_part(d.key, ':', 2)::uuid), 1) * interval '1 second' END
FROM json_to_recordset($5::json) AS d(workspace_id uuid, key text, execution_id uuid, generation integer, token bigint, depth integer)
ON CONFLICT (workspace_id, key, execution_id) DO UPDATE SET
  depth = EXCLUDED.depth,
  held_since = CASE WHEN lock_holder.token = EXCLUDED.token THEN lock_holder.held_since ELSE clock() END,
  generation = CASE WHEN lock_holder.token = EXCLUDED.token THEN lock_holder.generation ELSE EXCLUDED.generation END,
  token = EXCLUDED.token

-- name: locksHeldBy
-- Per execution, lest all holders be read once and compared with each of them.
SELECT h.workspace_id, h.key
FROM json_to_recordset($1::json) AS d(workspace_id uuid, execution_id uuid)
CROSS JOIN LATERAL (
  SELECT * FROM lock_holder h
  WHERE h.workspace_id = d.workspace_id AND h.execution_id = d.execution_id AND h.expires_at IS NULL OFFSET 0
) h

-- name: locksToServe
-- What a lost nudge may have left: requests that nobody has looked at and holders that have ended;
-- with $4, also requests whose wait is gone: they hold nobody up, but lie about; and gates with more places
-- than holders where somebody waits, since the limit of their flow was raised or taken away.
WITH RECURSIVE held AS (
  SELECT s.shard FROM json_to_recordset($1::json) AS h(shard smallint, term bigint)
  JOIN shard_lease s ON s.service = 'lock-manager' AND s.shard = h.shard AND s.term = h.term
    AND s.process_id = $2 AND s.expires_at > clock()
), queue AS (
  -- Jumps from lock to lock: thousands may wait for one.
  (SELECT r.workspace_id, r.key FROM lock_request r WHERE $4 ORDER BY r.workspace_id, r.key LIMIT 1)
  UNION ALL
  SELECT r.workspace_id, r.key FROM queue q
  CROSS JOIN LATERAL (
    SELECT r.workspace_id, r.key FROM lock_request r
    WHERE (r.workspace_id, r.key) > (q.workspace_id, q.key) ORDER BY r.workspace_id, r.key LIMIT 1
  ) r
), gate AS (
  -- Without a flow it stays as it is.
  SELECT q.workspace_id, q.key, f.concurrency, f.rate_limit
  FROM queue q
  CROSS JOIN LATERAL (
    SELECT f.concurrency, f.rate_limit FROM flow f
    WHERE f.workspace_id = q.workspace_id AND f.id = split_part(q.key, ':', 2)::uuid LIMIT 1
  ) f
  WHERE q.key ~ '^(concurrency|rate):'
), found AS (
  SELECT r.workspace_id, r.key FROM lock_request r
  WHERE (r.ticket IS NULL AND r.requested_at < clock() - $3 * interval '1 millisecond')
    OR ($4 AND r.action = 'acquire' AND (
      SELECT w.generation FROM wait w
      WHERE w.workspace_id = r.workspace_id AND w.execution_id = r.execution_id AND w.seq = r.seq
    ) IS DISTINCT FROM r.generation)
  UNION
  SELECT g.workspace_id, g.key FROM gate g
  WHERE (SELECT true FROM lock_request r
      WHERE r.workspace_id = g.workspace_id AND r.key = g.key AND r.ticket IS NOT NULL LIMIT 1)
    AND (SELECT true FROM lock_holder h WHERE h.workspace_id = g.workspace_id AND h.key = g.key
      LIMIT 1 OFFSET coalesce((CASE WHEN g.key LIKE 'rate:%' THEN g.rate_limit ELSE g.concurrency END
        ->> 'limit')::integer, 1000000) - 1) IS NULL
  UNION
  SELECT h.workspace_id, h.key FROM lock_holder h
  LEFT JOIN LATERAL (
    SELECT e.id, e.ended_at, e.generation FROM execution e
    WHERE e.workspace_id = h.workspace_id AND e.id = h.execution_id LIMIT 1
  ) e ON true
  WHERE CASE WHEN h.expires_at IS NOT NULL THEN h.expires_at <= clock()
    ELSE e.id IS NULL OR e.ended_at IS NOT NULL
      OR (e.generation > h.generation AND h.key NOT LIKE 'concurrency:%') END
)
SELECT workspace_id, key FROM found
WHERE shard_of_lock(workspace_id, key) = ANY (ARRAY(SELECT shard FROM held))
LIMIT $5

-- name: readLock
SELECT l.capacity, l.last_token FROM lock l WHERE l.workspace_id = $1 AND l.key = $2

-- name: readLockHolders
SELECT h.execution_id, h.token, h.depth, h.held_since, h.expires_at, e.name, e.status
FROM lock_holder h
LEFT JOIN LATERAL (
  SELECT e.name, e.status FROM execution e
  WHERE e.workspace_id = h.workspace_id AND e.id = h.execution_id LIMIT 1
) e ON true
WHERE h.workspace_id = $1 AND h.key = $2
ORDER BY h.token

-- name: readLockWaiters
-- In the order of their turns; whom the lock-manager has not seen yet comes last. A request outlives
-- its wait for a moment when that ran out of time, and one of a holder asks for nothing.
SELECT r.execution_id, r.seq, r.ticket, w.since, w.due_at, e.name, e.status
FROM lock_request r
CROSS JOIN LATERAL (
  SELECT * FROM wait w
  WHERE w.workspace_id = r.workspace_id AND w.execution_id = r.execution_id AND w.seq = r.seq LIMIT 1
) w
CROSS JOIN LATERAL (
  SELECT * FROM execution e WHERE e.workspace_id = r.workspace_id AND e.id = r.execution_id LIMIT 1
) e
WHERE r.workspace_id = $1 AND r.key = $2 AND r.action = 'acquire'
  AND w.generation = r.generation AND w.kind = 'LOCK' AND e.ended_at IS NULL
  AND NOT EXISTS (
    SELECT FROM lock_holder h
    WHERE h.workspace_id = r.workspace_id AND h.key = r.key AND h.execution_id = r.execution_id
  )
ORDER BY r.ticket NULLS LAST, r.requested_at, r.execution_id, r.seq
LIMIT $3

-- name: listLocks
-- Locks that somebody holds or waits for, by key.
SELECT k.key, l.capacity,
  (SELECT count(*)::integer FROM lock_holder h WHERE h.workspace_id = $1 AND h.key = k.key) AS holders,
  (SELECT count(*)::integer FROM lock_request r
   WHERE r.workspace_id = $1 AND r.key = k.key AND r.action = 'acquire') AS waiters
FROM (
  SELECT key FROM lock_holder WHERE workspace_id = $1 AND key > $2
  UNION SELECT key FROM lock_request WHERE workspace_id = $1 AND key > $2 AND action = 'acquire'
) k
LEFT JOIN lock l ON l.workspace_id = $1 AND l.key = k.key
ORDER BY k.key LIMIT $3

-- name: auditLock
INSERT INTO audit (workspace_id, id, actor_id, action, subject, details)
VALUES ($1, $2, $3, 'lock.force_release', $4, $5::json)

-- name: countQueues
SELECT count(*)::integer AS waiters, count(DISTINCT (workspace_id, key))::integer AS queues
FROM lock_request WHERE action = 'acquire'

-- name: listGateKeys
-- The limits of a flow ($2) that somebody holds a place of or waits for, $3 at most. Jumps from key to key:
-- thousands may wait for one.
WITH RECURSIVE gate AS (
  SELECT p.prefix || $2::text AS prefix FROM (VALUES ('concurrency:'), ('rate:')) AS p(prefix)
), held AS (
  SELECT g.prefix, k.key, 1 AS count FROM gate g
  CROSS JOIN LATERAL (
    SELECT h.key FROM lock_holder h WHERE h.workspace_id = $1 AND h.key >= g.prefix ORDER BY h.key LIMIT 1
  ) k
  UNION ALL
  SELECT b.prefix, k.key, b.count + 1 FROM held b
  CROSS JOIN LATERAL (
    SELECT h.key FROM lock_holder h WHERE h.workspace_id = $1 AND h.key > b.key ORDER BY h.key LIMIT 1
  ) k
  WHERE starts_with(b.key, b.prefix) AND b.count < $3
), asked AS (
  SELECT g.prefix, k.key, 1 AS count FROM gate g
  CROSS JOIN LATERAL (
    SELECT r.key FROM lock_request r WHERE r.workspace_id = $1 AND r.key >= g.prefix ORDER BY r.key LIMIT 1
  ) k
  UNION ALL
  SELECT b.prefix, k.key, b.count + 1 FROM asked b
  CROSS JOIN LATERAL (
    SELECT r.key FROM lock_request r WHERE r.workspace_id = $1 AND r.key > b.key ORDER BY r.key LIMIT 1
  ) k
  WHERE starts_with(b.key, b.prefix) AND b.count < $3
)
SELECT k.key FROM (SELECT prefix, key FROM held UNION SELECT prefix, key FROM asked) k
WHERE starts_with(k.key, k.prefix)
ORDER BY k.key LIMIT $3

-- name: idleGates
-- Limits of flows, in the caller's shards, that nobody holds a place of or waits for; $3 at most. Each
-- value of a limit's key has a lock, and most values never come again.
WITH held AS (
  SELECT s.shard FROM json_to_recordset($1::json) AS h(shard smallint, term bigint)
  JOIN shard_lease s ON s.service = 'lock-manager' AND s.shard = h.shard AND s.term = h.term
    AND s.process_id = $2 AND s.expires_at > clock()
)
SELECT l.workspace_id, l.key FROM lock l
WHERE l.key ~ '^(concurrency|rate):'
  AND shard_of_lock(l.workspace_id, l.key) = ANY (ARRAY(SELECT shard FROM held))
  AND (SELECT true FROM lock_holder h WHERE h.workspace_id = l.workspace_id AND h.key = l.key LIMIT 1) IS NULL
  AND (SELECT true FROM lock_request r WHERE r.workspace_id = l.workspace_id AND r.key = l.key LIMIT 1) IS NULL
LIMIT $3

-- name: removeIdleGates
-- After lockLocks in the same transaction: who was served meanwhile is seen. Whoever asks from now on
-- makes the lock anew.
DELETE FROM lock l
USING json_to_recordset($1::json) AS d(workspace_id uuid, key text)
WHERE l.workspace_id = d.workspace_id AND l.key = d.key
  AND (SELECT true FROM lock_holder h WHERE h.workspace_id = l.workspace_id AND h.key = l.key LIMIT 1) IS NULL
  AND (SELECT true FROM lock_request r WHERE r.workspace_id = l.workspace_id AND r.key = l.key LIMIT 1) IS NULL
RETURNING l.key
