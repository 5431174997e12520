-- name: readFlowLimits
-- Of these flows those that limit anything.
SELECT f.workspace_id, f.id, f.max_runtime_seconds, f.concurrency, f.rate_limit
FROM (SELECT DISTINCT workspace_id, id FROM json_to_recordset($1::json) AS d(workspace_id uuid, id uuid)) d
CROSS JOIN LATERAL (
  SELECT f.* FROM flow f WHERE f.workspace_id = d.workspace_id AND f.id = d.id LIMIT 1
) f
WHERE f.max_runtime_seconds IS NOT NULL OR f.concurrency IS NOT NULL OR f.rate_limit IS NOT NULL

-- name: openGates
-- In the transaction that creates the executions of $1. Gates that are there were opened before. Who is
-- held back asks for its place when it is resumed, who is scheduled when its time comes. The next waits for
-- the end of who has a place: that of a child is told anyway.
WITH gates AS (
  INSERT INTO start_gate (workspace_id, execution_id, ordinal, key, capacity)
  SELECT d.workspace_id, d.execution_id, d.ordinal, d.key, d.capacity
  FROM json_to_recordset($1::json) AS d(
    workspace_id uuid, execution_id uuid, ordinal smallint, key text, capacity integer
  )
  ON CONFLICT DO NOTHING
  RETURNING workspace_id, execution_id, ordinal, key, capacity
), born AS (
  SELECT g.workspace_id, g.execution_id, g.key, g.capacity, e.status, coalesce(e.beneath, e.status) AS shows,
    e.parent_execution_id
  FROM gates g
  CROSS JOIN LATERAL (
    SELECT e.status::text AS status, e.beneath::text AS beneath, e.parent_execution_id FROM execution e
    WHERE e.workspace_id = g.workspace_id AND e.id = g.execution_id LIMIT 1
  ) e
  WHERE g.ordinal = 1
), places AS (
  INSERT INTO wait (workspace_id, execution_id, generation, seq, kind, subject)
  SELECT b.workspace_id, b.execution_id, 1, 0, 'LOCK', b.key FROM born b WHERE b.shows = 'WAITING_LOCK'
), starts AS (
  UPDATE wait w SET subject = b.key FROM born b
  WHERE b.shows = 'SCHEDULED' AND w.workspace_id = b.workspace_id AND w.execution_id = b.execution_id AND w.seq = 0
), watched AS (
  UPDATE execution e SET watched = true FROM born b
  WHERE b.key LIKE 'concurrency:%' AND b.parent_execution_id IS NULL
    AND e.workspace_id = b.workspace_id AND e.id = b.execution_id
)
INSERT INTO lock_request (workspace_id, key, execution_id, generation, seq, action, capacity)
SELECT b.workspace_id, b.key, b.execution_id, 1, 0, 'acquire', b.capacity FROM born b WHERE b.status = 'WAITING_LOCK'

-- name: reachGates
-- gateReached for many: the waits for their start times become waits for their places.
WITH locked AS MATERIALIZED (
  SELECT e.workspace_id, e.id, e.status::text AS was, e.parent_execution_id
  FROM (
    SELECT DISTINCT workspace_id, execution_id
    FROM json_to_recordset($1::json) AS d(workspace_id uuid, execution_id uuid)
    ORDER BY workspace_id, execution_id
  ) d
  CROSS JOIN LATERAL (
    SELECT e.workspace_id, e.id, e.status, e.parent_execution_id FROM execution e
    WHERE e.workspace_id = d.workspace_id AND e.id = d.execution_id AND e.status NOT LIKE 'ENDED%'
    FOR UPDATE
  ) e
), reached AS (
  UPDATE wait w SET kind = 'LOCK', due_at = NULL, since = clock()
  FROM locked l
  WHERE w.workspace_id = l.workspace_id AND w.execution_id = l.id AND w.seq = 0
    AND w.kind = 'START' AND w.due_at <= clock()
  RETURNING w.workspace_id, w.execution_id, w.generation, w.subject AS key, l.was
), moved AS (
  UPDATE execution e SET
    status = CASE WHEN r.was = 'PAUSED' THEN 'PAUSED' ELSE 'WAITING_LOCK' END,
    beneath = CASE WHEN r.was = 'PAUSED' THEN 'WAITING_LOCK' END,
    version = e.version + 1, moved_at = clock()
  FROM reached r
  WHERE e.workspace_id = r.workspace_id AND e.id = r.execution_id
  RETURNING e.workspace_id, e.id, e.version, e.status, e.parent_execution_id, r.generation, r.key
), asked AS (
  INSERT INTO lock_request (workspace_id, key, execution_id, generation, seq, action, capacity)
  SELECT m.workspace_id, m.key, m.id, m.generation, 0, 'acquire', g.capacity
  FROM moved m
  CROSS JOIN LATERAL (
    SELECT g.capacity FROM start_gate g
    WHERE g.workspace_id = m.workspace_id AND g.execution_id = m.id AND g.key = m.key LIMIT 1
  ) g
  WHERE m.status = 'WAITING_LOCK'
  ON CONFLICT DO NOTHING
)
SELECT workspace_id, id, version, status, parent_execution_id, key FROM moved

-- name: passGates
-- Whoever got the place at one gate and has another before it waits there now. Their rows are locked.
WITH passed AS (
  UPDATE wait w SET subject = n.key, since = clock()
  FROM json_to_recordset($1::json) AS d(workspace_id uuid, execution_id uuid, generation integer, key text)
  CROSS JOIN LATERAL (
    SELECT g.ordinal FROM start_gate g
    WHERE g.workspace_id = d.workspace_id AND g.execution_id = d.execution_id AND g.key = d.key LIMIT 1
  ) g
  CROSS JOIN LATERAL (
    SELECT n.key, n.capacity FROM start_gate n
    WHERE n.workspace_id = d.workspace_id AND n.execution_id = d.execution_id AND n.ordinal = g.ordinal + 1
    LIMIT 1
  ) n
  WHERE w.workspace_id = d.workspace_id AND w.execution_id = d.execution_id AND w.seq = 0
    AND w.kind <> 'START' AND w.subject = d.key AND w.generation = d.generation
  RETURNING w.workspace_id, w.execution_id, w.generation, n.key, n.capacity
), asked AS (
  INSERT INTO lock_request (workspace_id, key, execution_id, generation, seq, action, capacity)
  SELECT p.workspace_id, p.key, p.execution_id, p.generation, 0, 'acquire', p.capacity FROM passed p
  ON CONFLICT DO NOTHING
)
SELECT workspace_id, execution_id, key FROM passed

-- name: putRuntimeLimits
-- Nobody can have run for too long before so many seconds after it may start.
INSERT INTO runtime_limit (workspace_id, execution_id, seconds, check_at)
SELECT d.workspace_id, d.execution_id, d.seconds,
  greatest(clock(), to_timestamp(d.scheduled_for / 1000.0)) + d.seconds * interval '1 second'
FROM json_to_recordset($1::json) AS d(
  workspace_id uuid, execution_id uuid, seconds integer, scheduled_for float8
)
ON CONFLICT (workspace_id, execution_id) DO UPDATE SET check_at = EXCLUDED.check_at

-- name: lockRuntimes
-- Those of the caller's shards that are to be looked at, with the rows of their executions locked. By
-- itself and first: the next statement sees all that whoever had them has left, such as a revert.
WITH held AS (
  SELECT s.shard FROM json_to_recordset($1::json) AS d(shard smallint, term bigint)
  JOIN shard_lease s ON s.service = 'scheduler' AND s.shard = d.shard AND s.term = d.term
    AND s.process_id = $2 AND s.expires_at > clock()
), due AS MATERIALIZED (
  SELECT r.workspace_id, r.execution_id
  FROM runtime_limit r
  WHERE r.check_at <= (SELECT clock()) AND shard_of_execution(r.execution_id) = ANY (ARRAY(SELECT shard FROM held))
  ORDER BY r.check_at LIMIT $3
)
SELECT d.workspace_id, d.execution_id, e.id
FROM (SELECT * FROM due ORDER BY workspace_id, execution_id) d
LEFT JOIN LATERAL (
  SELECT e.id FROM execution e
  WHERE e.workspace_id = d.workspace_id AND e.id = d.execution_id
  FOR UPDATE OF e
) e ON true

-- name: checkRuntimes
-- After lockRuntimes, of what that gave: runtimeExceeded for those whose time is over; the others are
-- looked at again when theirs can be, and forgotten when they have ended. Who has not started yet is
-- looked at after its limit again; when it has been long, up to half a minute later.
WITH locked AS MATERIALIZED (
  SELECT r.workspace_id, r.execution_id, r.seconds, r.is_over, e.id, e.status, e.process_id, e.started_at,
    e.created_at, e.started_at + r.seconds * interval '1 second' AS over_at
  FROM json_to_recordset($1::json) AS d(workspace_id uuid, execution_id uuid)
  CROSS JOIN LATERAL (
    SELECT * FROM runtime_limit r
    WHERE r.workspace_id = d.workspace_id AND r.execution_id = d.execution_id LIMIT 1
  ) r
  LEFT JOIN LATERAL (
    SELECT e.id, e.status::text AS status, e.process_id, e.created_at,
      -- After a revert it has its time once more.
      CASE WHEN e.generation = 1 THEN e.started_at ELSE greatest(e.started_at, (
        SELECT r.created_at FROM revert r
        WHERE r.workspace_id = e.workspace_id AND r.execution_id = e.id AND r.generation = e.generation
      )) END AS started_at
    FROM execution e
    WHERE e.workspace_id = d.workspace_id AND e.id = d.execution_id LIMIT 1
  ) e ON true
  WHERE r.check_at <= (SELECT clock())
), ended AS (
  UPDATE execution e SET
    status = 'ENDED_ERROR', beneath = NULL, version = e.version + 1, process_id = NULL,
    message = format('It has run for longer than its max_runtime_seconds of %s.', l.seconds),
    moved_at = clock(), ended_at = clock()
  FROM locked l
  WHERE l.status NOT LIKE 'ENDED%' AND l.over_at <= clock() AND e.workspace_id = l.workspace_id AND e.id = l.id
  RETURNING e.workspace_id, e.id, e.version, e.type, e.parent_execution_id, l.process_id
), waits AS (
  DELETE FROM wait w USING ended n WHERE w.workspace_id = n.workspace_id AND w.execution_id = n.id
), members AS (
  DELETE FROM wait_member m USING ended n WHERE m.workspace_id = n.workspace_id AND m.execution_id = n.id
), kept AS (
  UPDATE runtime_limit r SET
    is_over = r.is_over OR EXISTS (SELECT FROM ended n WHERE n.id = l.id),
    check_at = CASE
      -- Again soon, unless what is below it is cancelled by then.
      WHEN l.is_over OR l.over_at <= clock() THEN clock() + interval '5 seconds'
      WHEN l.started_at IS NOT NULL THEN l.over_at
      ELSE clock() + l.seconds * interval '1 second'
        + least(interval '30 seconds', (clock() - l.created_at) / 10)
    END
  FROM locked l
  WHERE r.workspace_id = l.workspace_id AND r.execution_id = l.execution_id
    AND (l.is_over OR l.status NOT LIKE 'ENDED%')
), forgotten AS (
  DELETE FROM runtime_limit r USING locked l
  WHERE r.workspace_id = l.workspace_id AND r.execution_id = l.execution_id
    AND NOT l.is_over AND (l.id IS NULL OR l.status LIKE 'ENDED%')
)
SELECT workspace_id, id, version, type, parent_execution_id, process_id, true AS is_new FROM ended
UNION ALL
SELECT l.workspace_id, l.execution_id, 0, 'FLOW', NULL, NULL, false FROM locked l WHERE l.is_over

-- name: nextRuntimeCheck
SELECT (extract(epoch FROM r.check_at - clock()) * 1000)::float8 AS in_ms
FROM runtime_limit r
WHERE shard_of_execution(r.execution_id) = ANY ($1::smallint[])
ORDER BY r.check_at LIMIT 1

-- name: forgetRuntimes
-- One that was reverted meanwhile has its maximum runtime once more: that stays.
DELETE FROM runtime_limit r
USING json_to_recordset($1::json) AS d(workspace_id uuid, execution_id uuid)
WHERE r.workspace_id = d.workspace_id AND r.execution_id = d.execution_id AND r.is_over
