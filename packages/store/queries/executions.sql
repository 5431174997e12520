-- name: createExecutions
-- $1 scalars, $2 inputs as JSON text, in the same order. Values travel as text arrays because
-- json_to_recordset would unescape them and refuse \u0000, which JSON allows. One reading of the clock for
-- both times: whoever has created it is told the birth, and reads the last move later.
WITH born AS (
  INSERT INTO execution (
    workspace_id, id, type, status, beneath, flow_id, connector_id, connector_type, script_hash, project_id,
    parent_execution_id, top_execution_id, orphan, is_productive, priority, created_by, traceparent, name,
    scheduled_for, input, input_hash, extra, created_at, moved_at
  )
  SELECT
    d.workspace_id, d.id, d.type, d.status, d.beneath, d.flow_id, d.connector_id, d.connector_type,
    decode(d.script_hash, 'hex'), d.project_id, d.parent_id, d.top_id, d.orphan, d.is_productive, d.priority,
    d.created_by, d.traceparent, d.name, to_timestamp(d.scheduled_for / 1000.0), d.input::json,
    decode(d.input_hash, 'hex'), d.extra::json, t.now, t.now
  FROM (SELECT clock() AS now) AS t, ROWS FROM (
    json_to_recordset($1::json) AS (
      workspace_id uuid, id uuid, type text, status text, beneath text, flow_id uuid, connector_id uuid,
      connector_type text, script_hash text, project_id uuid, parent_id uuid, top_id uuid, orphan boolean,
      is_productive boolean, priority smallint, created_by uuid, traceparent text, name text,
      scheduled_for float8, input_hash text
    ),
    unnest($2::text[]),
    unnest($3::text[])
  ) AS d(
    workspace_id, id, type, status, beneath, flow_id, connector_id, connector_type, script_hash, project_id,
    parent_id, top_id, orphan, is_productive, priority, created_by, traceparent, name, scheduled_for, input_hash,
    input, extra
  )
  ON CONFLICT (workspace_id, id) DO NOTHING
  RETURNING workspace_id, id, scheduled_for, created_at
), starts AS (
  INSERT INTO wait (workspace_id, execution_id, generation, seq, kind, due_at)
  SELECT workspace_id, id, 1, 0, 'START', scheduled_for FROM born WHERE scheduled_for IS NOT NULL
)
SELECT id, created_at FROM born

-- name: createEnded
-- Executions that are born and end in one commit: nobody could have noticed them in between. $1
-- scalars, $2 inputs, $3 outputs, $4 history entries, $5 log lines, $6 extras, in the same order. An id
-- that exists fails all of them: what it left behind is somebody else's.
WITH d AS (
  SELECT *
  FROM ROWS FROM (
    json_to_recordset($1::json) AS (
      workspace_id uuid, id uuid, type text, status text, flow_id uuid, script_hash text, project_id uuid,
      is_productive boolean, priority smallint, created_by uuid, traceparent text, process_id uuid,
      started_at float8, elapsed_ms float8, lineno integer, last_command text, name text, born_name text,
      message text, output_hash text, first_seq integer, last_seq integer, log_seq integer
    ),
    unnest($2::text[]), unnest($3::text[]), unnest($4::text[]), unnest($5::text[]), unnest($6::text[])
  ) AS r(
    workspace_id, id, type, status, flow_id, script_hash, project_id, is_productive, priority, created_by,
    traceparent, process_id, started_at, elapsed_ms, lineno, last_command, name, born_name, message,
    output_hash, first_seq, last_seq, log_seq, input, output, entries, lines, extra
  )
), born AS (
  INSERT INTO execution (
    workspace_id, id, type, status, version, flow_id, script_hash, project_id, top_execution_id,
    is_productive, priority, created_by, traceparent, process_id, lineno, last_command, name, born_name,
    message, input, output, output_hash, extra, created_at, started_at, moved_at, ended_at
  )
  SELECT
    workspace_id, id, type, status, 2, flow_id, decode(script_hash, 'hex'), project_id, id,
    is_productive, priority, created_by, traceparent, process_id, lineno, last_command, name, born_name::json,
    message, input::json, output::json, decode(output_hash, 'hex'), extra::json,
    -- When its starter's request reached the engine, by this clock; and not after it began by the
    -- engine's, as long as the two agree to within a second.
    greatest(
      t.now - elapsed_ms * interval '1 millisecond' - interval '1 second',
      least(t.now - elapsed_ms * interval '1 millisecond', to_timestamp(started_at / 1000.0))
    ),
    to_timestamp(started_at / 1000.0), t.now, t.now
  FROM d, (SELECT clock() AS now) AS t
  RETURNING id, created_at, started_at, ended_at
), saved AS (
  INSERT INTO savepoint (workspace_id, execution_id, generation, first_seq, last_seq, entries)
  SELECT workspace_id, id, 1, first_seq, last_seq, entries::json FROM d WHERE entries IS NOT NULL
), logged AS (
  INSERT INTO log (workspace_id, execution_id, generation, first_seq, lines)
  SELECT workspace_id, id, 1, log_seq, lines::json FROM d WHERE lines IS NOT NULL
)
SELECT id, created_at, started_at, ended_at FROM born

-- name: createOneEnded
-- The same for one that leaves neither history nor log, as somebody who starts one thing at a time
-- waits for: half the time of the statement for many.
INSERT INTO execution (
  workspace_id, id, type, status, version, flow_id, script_hash, project_id, top_execution_id,
  is_productive, priority, created_by, traceparent, process_id, lineno, last_command, name, born_name,
  message, input, output, output_hash, extra, created_at, started_at, moved_at, ended_at
)
SELECT
  $1, $2, $3, $4, 2, $5, decode($6, 'hex'), $7, $2,
  $8, $9, $10, $11, $12, $15, $16, $17, $18, $19,
  $21, $22, decode($20, 'hex'), $23,
  greatest(
    t.now - $14::float8 * interval '1 millisecond' - interval '1 second',
    least(t.now - $14 * interval '1 millisecond', to_timestamp($13::float8 / 1000.0))
  ),
  to_timestamp($13 / 1000.0), t.now, t.now
FROM (SELECT clock() AS now) AS t
RETURNING id, created_at, started_at, ended_at

-- name: claimExecutions
UPDATE execution e
SET status = 'AT_ENGINE', version = e.version + 1, epoch = e.epoch + 1, process_id = $2,
    started_at = coalesce(e.started_at, to_timestamp(d.started_at / 1000.0)), moved_at = clock()
FROM json_to_recordset($1::json) AS d(workspace_id uuid, id uuid, version integer, started_at float8)
-- Ready is what it is at that version: a condition on the status would make the planner walk an index.
WHERE e.workspace_id = d.workspace_id AND e.id = d.id AND e.version = d.version
RETURNING e.workspace_id, e.id, e.version, e.epoch

-- name: commitActivations
-- One activation per row of $1, each guarded by the version it ran on. $2 outputs, $3 history
-- entries and $4 log lines are aligned with $1; children, waits and requests name their row by its
-- ordinal ("owner") and count only when that row has moved.
WITH moved AS (
  UPDATE execution e
  SET status = CASE WHEN d.ended OR e.answered <= d.consumed THEN d.status ELSE 'WAITING_ENGINE' END,
      version = e.version + 1,
      recoveries = 0,
      process_id = d.process_id,
      started_at = coalesce(e.started_at, to_timestamp(d.started_at / 1000.0)),
      moved_at = clock(),
      ended_at = CASE WHEN d.ended THEN clock() END,
      scheduled_for = CASE
        WHEN d.ended THEN e.scheduled_for
        WHEN d.due_in IS NOT NULL THEN clock() + d.due_in * interval '1 second'
        ELSE to_timestamp(d.due_at / 1000.0) END,
      lineno = coalesce(d.lineno, e.lineno),
      last_command = coalesce(d.last_command, e.last_command),
      name = coalesce(d.name, e.name),
      born_name = CASE WHEN d.name IS NULL THEN e.born_name ELSE coalesce(e.born_name, to_json(e.name), 'null') END,
      message = CASE WHEN d.has_message THEN d.message ELSE e.message END,
      output = CASE WHEN d.has_output THEN d.output::json ELSE e.output END,
      output_hash = CASE WHEN d.has_output THEN decode(d.output_hash, 'hex') ELSE e.output_hash END
  FROM ROWS FROM (
    json_to_recordset($1::json) AS (
      ordinal integer, workspace_id uuid, id uuid, version integer, generation integer, status text, ended boolean,
      consumed integer, process_id uuid, started_at float8, lineno integer, last_command text, name text,
      has_message boolean, message text, has_output boolean, output_hash text, due_in float8, due_at float8,
      has_waits boolean, first_seq integer, last_seq integer, log_seq integer
    ),
    unnest($2::text[]), unnest($3::text[]), unnest($4::text[])
  ) AS d(
    ordinal, workspace_id, id, version, generation, status, ended, consumed, process_id, started_at, lineno,
    last_command, name, has_message, message, has_output, output_hash, due_in, due_at, has_waits, first_seq,
    last_seq, log_seq, output, entries, lines
  )
  -- No condition on ended_at: it would offer the planner the index of all that is live.
  WHERE e.workspace_id = d.workspace_id AND e.id = d.id AND e.version = d.version
  RETURNING d.ordinal, e.workspace_id, e.id, e.version, e.generation, e.status, e.answered, e.watched, e.orphan,
    e.parent_execution_id, d.ended, d.has_waits, d.first_seq, d.last_seq, d.log_seq, d.entries, d.lines
), applied AS MATERIALIZED (
  -- A lookup by ordinal: joining the batch to itself would compare every row with every other.
  SELECT coalesce(jsonb_object_agg(ordinal, true), '{}') AS rows FROM moved
), saved AS (
  INSERT INTO savepoint (workspace_id, execution_id, generation, first_seq, last_seq, entries)
  SELECT workspace_id, id, generation, first_seq, last_seq, entries::json FROM moved WHERE entries IS NOT NULL
), logged AS (
  INSERT INTO log (workspace_id, execution_id, generation, first_seq, lines)
  SELECT workspace_id, id, generation, log_seq, lines::json FROM moved WHERE lines IS NOT NULL
), dropped AS (
  DELETE FROM wait w USING moved m
  WHERE m.ended AND m.has_waits AND w.workspace_id = m.workspace_id AND w.execution_id = m.id
), dropped_members AS (
  DELETE FROM wait_member w USING moved m
  WHERE m.ended AND m.has_waits AND w.workspace_id = m.workspace_id AND w.execution_id = m.id
), children AS (
  INSERT INTO execution (
    workspace_id, id, type, status, beneath, flow_id, connector_id, connector_type, script_hash, project_id,
    parent_execution_id, top_execution_id, orphan, is_productive, priority, created_by, traceparent, name,
    scheduled_for, input, input_hash, extra
  )
  SELECT
    c.workspace_id, c.id, c.type, c.status, c.beneath, c.flow_id, c.connector_id, c.connector_type,
    decode(c.script_hash, 'hex'), c.project_id, c.parent_id, c.top_id, c.orphan, c.is_productive, c.priority,
    c.created_by, c.traceparent, c.name, to_timestamp(c.scheduled_for / 1000.0), c.input::json,
    decode(c.input_hash, 'hex'), c.extra::json
  FROM applied, ROWS FROM (
    json_to_recordset($5::json) AS (
      owner integer, workspace_id uuid, id uuid, type text, status text, beneath text, flow_id uuid,
      connector_id uuid, connector_type text, script_hash text, project_id uuid, parent_id uuid, top_id uuid,
      orphan boolean, is_productive boolean, priority smallint, created_by uuid, traceparent text, name text,
      scheduled_for float8, input_hash text
    ),
    unnest($6::text[]), unnest($7::text[])
  ) AS c(
    owner, workspace_id, id, type, status, beneath, flow_id, connector_id, connector_type, script_hash, project_id,
    parent_id, top_id, orphan, is_productive, priority, created_by, traceparent, name, scheduled_for, input_hash,
    input, extra
  )
  WHERE applied.rows ? c.owner::text
  ON CONFLICT (workspace_id, id) DO NOTHING
  RETURNING workspace_id, id, scheduled_for
), starts AS (
  INSERT INTO wait (workspace_id, execution_id, generation, seq, kind, due_at)
  SELECT workspace_id, id, 1, 0, 'START', scheduled_for FROM children WHERE scheduled_for IS NOT NULL
), waits AS (
  INSERT INTO wait (workspace_id, execution_id, generation, seq, kind, return_when, needed, ref, subject, due_at)
  SELECT w.workspace_id, w.execution_id, w.generation, w.seq, w.kind, w.return_when, w.needed, w.ref, w.subject,
    CASE WHEN w.due_in IS NOT NULL THEN clock() + w.due_in * interval '1 second'
         ELSE to_timestamp(w.due_at / 1000.0) END
  FROM applied, json_to_recordset($8::json) AS w(
    owner integer, workspace_id uuid, execution_id uuid, generation integer, seq integer, kind text,
    return_when text, needed integer, ref uuid, subject text, due_in float8, due_at float8
  )
  WHERE applied.rows ? w.owner::text
), members AS (
  INSERT INTO wait_member (workspace_id, member_id, execution_id, seq, ordinal)
  SELECT m.workspace_id, m.member_id, m.execution_id, m.seq, m.ordinal
  FROM applied, json_to_recordset($9::json) AS m(
    owner integer, workspace_id uuid, member_id uuid, execution_id uuid, seq integer, ordinal integer
  )
  WHERE applied.rows ? m.owner::text
  ON CONFLICT DO NOTHING
), requests AS (
  INSERT INTO lock_request (workspace_id, key, execution_id, generation, seq, action, capacity)
  SELECT r.workspace_id, r.key, r.execution_id, r.generation, r.seq, r.action, r.capacity
  FROM applied, json_to_recordset($10::json) AS r(
    owner integer, workspace_id uuid, key text, execution_id uuid, generation integer, seq integer, action text,
    capacity integer
  )
  WHERE applied.rows ? r.owner::text
  -- What a life before a revert has asked at this number, and the lock-manager has not put away yet.
  ON CONFLICT (workspace_id, key, execution_id, seq) DO UPDATE SET
    generation = EXCLUDED.generation, action = EXCLUDED.action, capacity = EXCLUDED.capacity,
    ticket = NULL, requested_at = clock()
  WHERE lock_request.generation < EXCLUDED.generation
), settings AS (
  INSERT INTO setting (workspace_id, id, name, value, modified_by)
  SELECT DISTINCT ON (s.workspace_id, s.name) s.workspace_id, s.id, s.name, s.value::json, s.modified_by
  FROM applied, ROWS FROM (
    json_to_recordset($11::json) AS (owner integer, workspace_id uuid, id uuid, name text, modified_by uuid),
    unnest($12::text[])
  ) WITH ORDINALITY AS s(owner, workspace_id, id, name, modified_by, value, place)
  WHERE applied.rows ? s.owner::text
  ORDER BY s.workspace_id, s.name, s.place DESC
  ON CONFLICT (workspace_id, name) WHERE deleted_at IS NULL
  DO UPDATE SET value = EXCLUDED.value, modified_at = clock(), modified_by = EXCLUDED.modified_by
)
SELECT ordinal, version, status, answered, watched, parent_execution_id FROM moved

-- name: endActivations
-- The short form of commitActivations for rows that end and have no children, waits or requests:
-- most of all executions.
WITH moved AS (
  UPDATE execution e
  SET status = d.status,
      version = e.version + 1,
      recoveries = 0,
      process_id = d.process_id,
      started_at = coalesce(e.started_at, to_timestamp(d.started_at / 1000.0)),
      moved_at = clock(),
      ended_at = clock(),
      lineno = coalesce(d.lineno, e.lineno),
      last_command = coalesce(d.last_command, e.last_command),
      name = coalesce(d.name, e.name),
      born_name = CASE WHEN d.name IS NULL THEN e.born_name ELSE coalesce(e.born_name, to_json(e.name), 'null') END,
      message = CASE WHEN d.has_message THEN d.message ELSE e.message END,
      output = CASE WHEN d.has_output THEN d.output::json ELSE e.output END,
      output_hash = CASE WHEN d.has_output THEN decode(d.output_hash, 'hex') ELSE e.output_hash END
  FROM ROWS FROM (
    json_to_recordset($1::json) AS (
      ordinal integer, workspace_id uuid, id uuid, version integer, generation integer, status text,
      process_id uuid, started_at float8, lineno integer, last_command text, name text,
      has_message boolean, message text, has_output boolean, output_hash text,
      first_seq integer, last_seq integer, log_seq integer
    ),
    unnest($2::text[]), unnest($3::text[]), unnest($4::text[])
  ) AS d(
    ordinal, workspace_id, id, version, generation, status, process_id, started_at, lineno, last_command, name,
    has_message, message, has_output, output_hash, first_seq, last_seq, log_seq, output, entries, lines
  )
  -- No condition on ended_at: it would offer the planner the index of all that is live.
  WHERE e.workspace_id = d.workspace_id AND e.id = d.id AND e.version = d.version
  RETURNING d.ordinal, e.workspace_id, e.id, e.version, e.generation, e.status, e.answered, e.watched,
    e.parent_execution_id, d.first_seq, d.last_seq, d.log_seq, d.entries, d.lines
), saved AS (
  INSERT INTO savepoint (workspace_id, execution_id, generation, first_seq, last_seq, entries)
  SELECT workspace_id, id, generation, first_seq, last_seq, entries::json FROM moved WHERE entries IS NOT NULL
), logged AS (
  INSERT INTO log (workspace_id, execution_id, generation, first_seq, lines)
  SELECT workspace_id, id, generation, log_seq, lines::json FROM moved WHERE lines IS NOT NULL
)
SELECT ordinal, version, status, answered, watched, parent_execution_id FROM moved

-- name: loadForActivation
-- $2 and $3, the first and last id: with them Postgres opens only the partitions that they lie in.
-- By the ids of the rows alone it would open all of them for every call.
-- $4: bytes of history and answers that one row may bring. What has more is counted, and cut.
SELECT
  e.workspace_id, e.id, e.type, e.status, e.version, e.epoch, e.generation, e.answered,
  CASE WHEN e.born_name IS NULL THEN e.name ELSE e.born_name #>> '{}' END AS name,
  e.parent_execution_id, e.top_execution_id, e.is_productive, e.priority, e.project_id, e.created_by, e.traceparent,
  encode(e.script_hash, 'hex') AS script_hash, e.input::text AS input, encode(e.input_hash, 'hex') AS input_hash,
  e.started_at, e.extra::text AS extra, h.bytes + a.bytes AS bytes,
  CASE WHEN h.bytes + a.bytes <= $4::bigint THEN h.entries END AS history,
  CASE WHEN h.bytes + a.bytes <= $4::bigint THEN a.outcomes END AS answers
FROM json_to_recordset($1::json) AS d(workspace_id uuid, id uuid, after integer)
JOIN execution e ON e.workspace_id = d.workspace_id AND e.id = d.id
CROSS JOIN LATERAL (
  SELECT coalesce(max(s.so_far), 0) AS bytes,
    string_agg(s.entries::text, E'\n' ORDER BY s.first_seq) FILTER (WHERE s.so_far <= $4::bigint) AS entries
  FROM (
    SELECT s.first_seq, s.entries, sum(octet_length(s.entries::text)) OVER (ROWS UNBOUNDED PRECEDING) AS so_far
    FROM savepoint s
    WHERE d.after IS NULL AND s.workspace_id = e.workspace_id AND s.execution_id = e.id
      AND s.generation = e.generation AND s.execution_id BETWEEN $2 AND $3
  ) s
) h
CROSS JOIN LATERAL (
  SELECT coalesce(max(a.so_far), 0) AS bytes,
    (json_agg(json_build_array(a.position, a.seq, a.outcome, floor(extract(epoch FROM a.created_at) * 1000)) ORDER BY a.position)
      FILTER (WHERE h.bytes + a.so_far <= $4::bigint))::text AS outcomes
  FROM (
    SELECT a.position, a.seq, a.outcome, a.created_at,
      sum(octet_length(a.outcome::text)) OVER (ROWS UNBOUNDED PRECEDING) AS so_far
    FROM answer a
    WHERE a.workspace_id = e.workspace_id AND a.execution_id = e.id AND a.generation = e.generation
      AND a.execution_id BETWEEN $2 AND $3 AND a.position > coalesce(d.after, 0)
  ) a
) a

-- name: loadScripts
SELECT s.workspace_id, encode(s.hash, 'hex') AS hash, s.language, s.source
FROM json_to_recordset($1::json) AS d(workspace_id uuid, hash text)
JOIN script s ON s.workspace_id = d.workspace_id AND s.hash = decode(d.hash, 'hex')

-- name: readExecution
SELECT e.*, encode(e.script_hash, 'hex') AS script_hash_hex, encode(e.input_hash, 'hex') AS input_hash_hex,
  encode(e.output_hash, 'hex') AS output_hash_hex
FROM execution e WHERE e.workspace_id = $1 AND e.id = $2

-- name: readWaits
SELECT seq, kind, return_when, needed, ref, subject, due_at, since, generation
FROM wait WHERE workspace_id = $1 AND execution_id = $2 ORDER BY seq

-- name: markWatched
UPDATE execution e SET watched = true
FROM json_to_recordset($1::json) AS d(workspace_id uuid, id uuid)
WHERE e.workspace_id = d.workspace_id AND e.id = d.id AND NOT e.watched

-- name: applyIfVersion
-- `answered` is not guarded by the version (an answer while ready moves nothing), so it is only set
-- by a new generation, to what that inherits, and never written back from what was read.
WITH moved AS (
  UPDATE execution e
  SET status = $4::text, beneath = $5::text, version = e.version + 1, epoch = $6, generation = $7, recoveries = $8,
      answered = CASE WHEN e.generation = $7 THEN e.answered ELSE $11 END,
      process_id = CASE WHEN $4::text = 'PAUSED' OR $9 OR $4::text = 'WAITING_ENGINE' THEN NULL ELSE e.process_id END,
      message = coalesce($10, e.message), moved_at = clock(),
      ended_at = CASE WHEN $9 THEN clock() END
  WHERE e.workspace_id = $1 AND e.id = $2 AND e.version = $3
  RETURNING e.workspace_id, e.id, e.version
), dropped AS (
  -- With the end all of them, with a revert those of the life before.
  DELETE FROM wait w USING moved m
  WHERE ($9 OR w.generation < $7) AND w.workspace_id = m.workspace_id AND w.execution_id = m.id
  RETURNING w.workspace_id, w.execution_id, w.seq
), dropped_members AS (
  DELETE FROM wait_member w USING dropped d
  WHERE w.workspace_id = d.workspace_id AND w.execution_id = d.execution_id AND w.seq = d.seq
), asked AS (
  -- Held back before it had asked for its place in a limited flow, it asks now.
  INSERT INTO lock_request (workspace_id, key, execution_id, generation, seq, action, capacity)
  SELECT m.workspace_id, g.key, m.id, $7, 0, 'acquire', g.capacity
  FROM moved m
  CROSS JOIN LATERAL (
    -- Its kind apart: here it would offer the planner the index of all waits for locks.
    SELECT w.subject, w.kind FROM wait w
    WHERE w.workspace_id = m.workspace_id AND w.execution_id = m.id AND w.seq = 0 LIMIT 1
  ) w
  CROSS JOIN LATERAL (
    SELECT g.key, g.capacity FROM start_gate g
    WHERE g.workspace_id = m.workspace_id AND g.execution_id = m.id AND g.key = w.subject LIMIT 1
  ) g
  WHERE $4::text = 'WAITING_LOCK' AND w.kind = 'LOCK'
  ON CONFLICT DO NOTHING
)
SELECT version FROM moved
