-- name: lockSchedule
-- By itself and first: what is read after it is what the one before has left.
SELECT s.id FROM schedule s WHERE s.workspace_id = $1 AND s.id = $2 FOR UPDATE

-- name: readSchedule
-- OFFSET 0 keeps the planner from walking the index of what is not deleted.
SELECT
  s.workspace_id, s.id, s.name, s.project_id, s.timing, s.input_value, s.is_enabled, s.is_productive,
  s.catch_up, s.catch_up_window_seconds, s.overlap, s.jitter_seconds, s.starts_at, s.ends_at, s.revision,
  s.begun_at, s.decided_until, s.paused_at, s.resumed_at, s.resume_catch_up, s.last_end_at, s.finished_at,
  s.problem, s.deleted_at, s.flow_id, f.name AS flow_name, f.project_id AS flow_project_id,
  encode(f.script_hash, 'hex') AS flow_script_hash, f.max_runtime_seconds AS flow_max_runtime_seconds,
  f.concurrency AS flow_concurrency, f.rate_limit AS flow_rate_limit,
  coalesce(f.is_wrapped, false) AS flow_is_wrapped,
  coalesce((
    SELECT true FROM static_wrapper w WHERE w.workspace_id = s.workspace_id AND w.wrapped_id = s.id LIMIT 1
  ), false) AS is_wrapped,
  f.input_schema AS flow_input_schema, f.output_schema AS flow_output_schema,
  s.setting_id, v.name AS setting_name, s.scheduler_id, r.name AS scheduler_name,
  r.project_id AS scheduler_project_id, encode(r.script_hash, 'hex') AS scheduler_script_hash,
  clock() AS now
FROM schedule s
LEFT JOIN LATERAL (
  SELECT * FROM flow t WHERE t.workspace_id = s.workspace_id AND t.id = s.flow_id OFFSET 0
) f ON f.deleted_at IS NULL
LEFT JOIN LATERAL (
  SELECT * FROM setting t WHERE t.workspace_id = s.workspace_id AND t.id = s.setting_id OFFSET 0
) v ON v.deleted_at IS NULL
LEFT JOIN LATERAL (
  SELECT * FROM scheduler t WHERE t.workspace_id = s.workspace_id AND t.id = s.scheduler_id OFFSET 0
) r ON r.deleted_at IS NULL
WHERE s.workspace_id = $1 AND s.id = $2

-- name: readIteration
SELECT i.execution_id, i.revision, i.planned_at, i.start_at, i.jitter_ms, i.fired_at, i.held, i.since, e.status, e.ended_at
FROM schedule_iteration i
LEFT JOIN LATERAL (
  SELECT e.status, e.ended_at FROM execution e
  WHERE e.workspace_id = i.workspace_id AND e.id = i.execution_id LIMIT 1
) e ON true
WHERE i.workspace_id = $1 AND i.schedule_id = $2

-- name: insertIteration
-- Nothing when there is one: whoever asked then makes no execution either.
INSERT INTO schedule_iteration (workspace_id, schedule_id, execution_id, revision, planned_at, start_at, jitter_ms, held)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (workspace_id, schedule_id) DO NOTHING
RETURNING execution_id

-- name: deleteIteration
DELETE FROM schedule_iteration WHERE workspace_id = $1 AND schedule_id = $2 AND execution_id = $3
RETURNING execution_id

-- name: holdIteration
UPDATE schedule_iteration SET held = $4 WHERE workspace_id = $1 AND schedule_id = $2 AND execution_id = $3

-- name: awaitDecision
-- The wait for its time of an iteration that was just born: timers pass it over, since its time is
-- decided about when it has come, in the transaction that answers it.
UPDATE wait SET due_at = NULL WHERE workspace_id = $1 AND execution_id = $2 AND seq = 0

-- name: fireIteration
UPDATE schedule_iteration SET fired_at = clock()
WHERE workspace_id = $1 AND schedule_id = $2 AND execution_id = $3 AND fired_at IS NULL
RETURNING execution_id

-- name: dueIterations
-- Those of the caller's shards whose time has come, oldest first. One that a person has paused stays due
-- and is passed over until it is resumed.
SELECT i.workspace_id, i.schedule_id
FROM schedule_iteration i
WHERE i.start_at <= (SELECT clock()) AND i.planned_at IS NOT NULL AND i.fired_at IS NULL AND NOT i.held
  AND shard_of_execution(i.schedule_id) = ANY ($1::smallint[])
  AND (
    SELECT e.status FROM execution e
    WHERE e.workspace_id = i.workspace_id AND e.id = i.execution_id LIMIT 1
  ) IS DISTINCT FROM 'PAUSED'
ORDER BY i.start_at LIMIT $2

-- name: nextIteration
SELECT (extract(epoch FROM i.start_at - clock()) * 1000)::float8 AS in_ms
FROM schedule_iteration i
WHERE i.start_at > (SELECT clock()) AND i.planned_at IS NOT NULL AND i.fired_at IS NULL AND NOT i.held
  AND shard_of_execution(i.schedule_id) = ANY ($1::smallint[])
ORDER BY i.start_at LIMIT 1

-- name: readOpenRuns
-- Those that wait or have not been seen to end, in the order in which they were decided. $3: whether
-- one counts as live as long as anything below it does.
SELECT r.id, r.origin, r.backfill_id, r.planned_at, r.state, r.overlap, r.execution_id, e.ended_at,
  r.state = 'STARTED' AND e.id IS NOT NULL AND (e.ended_at IS NULL OR ($3 AND (
    WITH RECURSIVE below AS (
      SELECT c.id, c.ended_at FROM execution c
      WHERE c.workspace_id = r.workspace_id AND c.parent_execution_id = r.execution_id AND NOT c.orphan
      UNION ALL
      SELECT c.id, c.ended_at FROM below b
      CROSS JOIN LATERAL (
        SELECT c.id, c.ended_at FROM execution c
        WHERE c.workspace_id = r.workspace_id AND c.parent_execution_id = b.id AND NOT c.orphan OFFSET 0
      ) c
    )
    SELECT coalesce(bool_or(b.ended_at IS NULL), false) FROM below b
  ))) AS is_live
FROM schedule_run r
LEFT JOIN LATERAL (
  SELECT e.id, e.ended_at FROM execution e
  WHERE e.workspace_id = r.workspace_id AND e.id = r.execution_id LIMIT 1
) e ON true
WHERE r.workspace_id = $1 AND r.schedule_id = $2 AND r.state IN ('QUEUED', 'STARTED')
ORDER BY r.id

-- name: insertRuns
-- A planned time that was decided before is passed over.
INSERT INTO schedule_run (workspace_id, id, schedule_id, origin, backfill_id, planned_at, last_planned_at,
  count, state, reason, overlap, execution_id, settled_at)
SELECT $1, d.id, $2, d.origin, d.backfill_id, to_timestamp(d.planned_at / 1000.0),
  to_timestamp(d.last_planned_at / 1000.0), d.count, d.state, d.reason, d.overlap, d.execution_id,
  CASE WHEN d.state IN ('SKIPPED', 'DROPPED') THEN clock() END
FROM json_to_recordset($3::json) AS d(id uuid, origin text, backfill_id uuid, planned_at float8,
  last_planned_at float8, count integer, state text, reason text, overlap text, execution_id uuid)
ON CONFLICT DO NOTHING
RETURNING id

-- name: updateRuns
-- OFFSET 0 hides that all are of one workspace, and the state is said as what it is not: else the planner
-- walks the workspace, or the index of those that are open.
UPDATE schedule_run r SET
  state = d.state, reason = d.reason, execution_id = coalesce(d.execution_id, r.execution_id),
  settled_at = CASE WHEN d.state IN ('ENDED', 'SKIPPED') THEN clock() END
FROM (
  SELECT $1::uuid AS workspace_id, o.*
  FROM json_to_recordset($2::json) AS o(id uuid, state text, reason text, execution_id uuid) OFFSET 0
) d
WHERE r.workspace_id = d.workspace_id AND r.id = d.id AND r.state NOT IN ('ENDED', 'SKIPPED', 'DROPPED')
RETURNING r.id

-- name: recordScriptRuns
-- The flows that an iteration of a scheduler's script has started, or wrappers in their place; each run
-- has the id of its execution.
INSERT INTO schedule_run (workspace_id, id, schedule_id, origin, planned_at, state, overlap, execution_id)
SELECT c.workspace_id, c.id, $2, 'SCRIPT', c.created_at, 'STARTED', 'allow', c.id
FROM execution c
WHERE c.workspace_id = $1 AND c.parent_execution_id = $3 AND c.type IN ('FLOW', 'WRAPPER')
ON CONFLICT DO NOTHING

-- name: saveSchedule
UPDATE schedule SET
  decided_until = to_timestamp($3::float8 / 1000.0),
  resumed_at = to_timestamp($4::float8 / 1000.0),
  resume_catch_up = $5,
  last_end_at = to_timestamp($6::float8 / 1000.0),
  finished_at = to_timestamp($7::float8 / 1000.0),
  problem = $8
WHERE workspace_id = $1 AND id = $2

-- name: setPaused
-- Pausing what is paused keeps the time at which it was.
UPDATE schedule SET paused_at = coalesce(paused_at, clock())
WHERE workspace_id = $1 AND id = $2 AND deleted_at IS NULL
RETURNING id

-- name: setResumed
UPDATE schedule SET resumed_at = clock(), resume_catch_up = $3, paused_at = NULL
WHERE workspace_id = $1 AND id = $2 AND deleted_at IS NULL AND paused_at IS NOT NULL
RETURNING id

-- name: sweepSchedules
-- One page of the schedules, and those of it (in the caller's shards) that somebody has to look at.
-- The last row is the page itself: where it ended and how many rows it had.
WITH held AS (
  SELECT s.shard FROM json_to_recordset($1::json) AS d(shard smallint, term bigint)
  JOIN shard_lease s ON s.service = 'scheduler' AND s.shard = d.shard AND s.term = d.term
    AND s.process_id = $2 AND s.expires_at > clock()
), page AS MATERIALIZED (
  SELECT s.workspace_id, s.id, s.revision, s.finished_at, s.is_enabled AND s.deleted_at IS NULL AS is_on,
    s.paused_at IS NOT NULL AS is_paused
  FROM schedule s
  WHERE (s.workspace_id, s.id) > ($3, $4)
  ORDER BY s.workspace_id, s.id LIMIT $5
), found AS (
  SELECT p.workspace_id, p.id
  FROM page p
  LEFT JOIN LATERAL (
    SELECT i.execution_id, i.revision, i.held FROM schedule_iteration i
    WHERE i.workspace_id = p.workspace_id AND i.schedule_id = p.id LIMIT 1
  ) i ON true
  LEFT JOIN LATERAL (
    SELECT e.id, e.ended_at FROM execution e
    WHERE e.workspace_id = p.workspace_id AND e.id = i.execution_id LIMIT 1
  ) e ON true
  WHERE shard_of_execution(p.id) = ANY (ARRAY(SELECT shard FROM held)) AND (
    CASE
      WHEN i.execution_id IS NULL THEN p.is_on AND p.finished_at IS NULL
      ELSE NOT p.is_on OR e.id IS NULL OR e.ended_at IS NOT NULL OR i.revision <> p.revision OR i.held <> p.is_paused
    END
    -- Scalar: as EXISTS it would be hashed, by reading the whole table.
    OR (SELECT true FROM schedule_run r
        WHERE r.workspace_id = p.workspace_id AND r.schedule_id = p.id AND r.state IN ('QUEUED', 'STARTED')
          AND (r.state = 'QUEUED' OR (
            SELECT x.ended_at IS NULL FROM execution x
            WHERE x.workspace_id = r.workspace_id AND x.id = r.execution_id LIMIT 1) IS NOT TRUE)
        LIMIT 1)
  )
)
SELECT 'found' AS find, workspace_id, id, 0 AS rows FROM found
UNION ALL
SELECT 'page', workspace_id, id, (SELECT count(*)::integer FROM page)
FROM (SELECT * FROM page ORDER BY workspace_id DESC, id DESC LIMIT 1) last

-- name: strayIterations
-- Iterations whose schedule was removed for good.
SELECT i.workspace_id, i.schedule_id
FROM schedule_iteration i
LEFT JOIN LATERAL (
  SELECT s.id FROM schedule s WHERE s.workspace_id = i.workspace_id AND s.id = i.schedule_id LIMIT 1
) s ON true
WHERE s.id IS NULL
LIMIT 1000

-- name: schedulesOfEnded
-- Which schedules wait for the ends of these executions.
SELECT i.workspace_id, i.schedule_id
FROM json_to_recordset($1::json) AS d(workspace_id uuid, execution_id uuid)
JOIN LATERAL (
  SELECT * FROM schedule_iteration i
  WHERE i.workspace_id = d.workspace_id AND i.execution_id = d.execution_id OFFSET 0
) i ON true
UNION
SELECT r.workspace_id, r.schedule_id
FROM json_to_recordset($1::json) AS d(workspace_id uuid, execution_id uuid)
JOIN LATERAL (
  SELECT * FROM schedule_run r
  WHERE r.workspace_id = d.workspace_id AND r.execution_id = d.execution_id OFFSET 0
) r ON r.state IN ('QUEUED', 'STARTED')

-- name: removeOldRuns
-- What became of a planned time is told as long as its execution could be there.
WITH gone AS (
  DELETE FROM schedule_run r
  USING (
    SELECT o.workspace_id, o.id FROM schedule_run o
    WHERE o.workspace_id = $1 AND o.settled_at < (SELECT clock()) - $2 * interval '1 millisecond'
    ORDER BY o.settled_at LIMIT $3
  ) o
  WHERE r.workspace_id = o.workspace_id AND r.id = o.id
  RETURNING r.id
)
SELECT count(*)::integer AS removed FROM gone

-- name: selectRuns
-- ends where the condition is appended: those of one schedule, and a list's filter
SELECT r.id, r.origin, r.backfill_id, r.planned_at, r.last_planned_at, r.count, r.state, r.reason, r.execution_id,
  r.decided_at, e.status, e.started_at, e.ended_at
FROM schedule_run r
  LEFT JOIN execution e ON e.workspace_id = r.workspace_id AND e.id = r.execution_id
WHERE r.workspace_id = $1

-- name: countRuns
SELECT count(*) AS total FROM schedule_run r
  LEFT JOIN execution e ON e.workspace_id = r.workspace_id AND e.id = r.execution_id
WHERE r.workspace_id = $1
