-- name: insertMessages
-- $1 scalars, $2 forms and $3 plans as JSON texts, in the same order; see createExecutions. A later life
-- that has inherited the call unanswered asks it once more, under the id that its code knows.
INSERT INTO message (
  workspace_id, id, execution_id, generation, seq, is_awaited, title, assignees, allows_links, next_at, due_at,
  form, plan
)
SELECT
  d.workspace_id, d.id, d.execution_id, d.generation, d.seq, d.is_awaited, d.title, d.assignees, d.allows_links,
  to_timestamp(d.next_at / 1000.0), to_timestamp(d.due_at / 1000.0), d.form::json, d.plan::json
FROM ROWS FROM (
  json_to_recordset($1::json) AS (
    workspace_id uuid, id uuid, execution_id uuid, generation integer, seq integer, is_awaited boolean, title text,
    assignees text[], allows_links boolean, next_at float8, due_at float8
  ),
  unnest($2::text[]), unnest($3::text[])
) AS d(
  workspace_id, id, execution_id, generation, seq, is_awaited, title, assignees, allows_links, next_at, due_at,
  form, plan
)
ON CONFLICT (workspace_id, id) DO UPDATE SET
  generation = EXCLUDED.generation, status = 'OPEN', title = EXCLUDED.title, form = EXCLUDED.form,
  assignees = EXCLUDED.assignees, allows_links = EXCLUDED.allows_links, plan = EXCLUDED.plan, progress = NULL,
  next_at = EXCLUDED.next_at, due_at = EXCLUDED.due_at, created_at = clock(), changes = message.changes + 1,
  response = NULL, button = NULL, answered_at = NULL, answered_by = NULL, answered_by_id = NULL,
  closed_at = NULL, closed_why = NULL
WHERE message.execution_id = EXCLUDED.execution_id AND message.generation < EXCLUDED.generation

-- name: readMessages
SELECT m.*
FROM json_to_recordset($1::json) AS d(workspace_id uuid, id uuid)
CROSS JOIN LATERAL (
  SELECT * FROM message_now n WHERE n.workspace_id = d.workspace_id AND n.id = d.id LIMIT 1
) m

-- name: answerMessage
-- The first answer counts: it finds the message open, and no later one does.
UPDATE message m SET
  status = 'ANSWERED', response = $3::json, button = $4, answered_by = $5, answered_by_id = $6,
  answered_at = date_trunc('milliseconds', clock()), next_at = NULL, changes = m.changes + 1
WHERE m.workspace_id = $1 AND m.id = $2 AND m.status = 'OPEN'
RETURNING m.answered_at

-- name: readResponseWaits
-- Whoever waits for this message: who asked, and others who know its id.
SELECT w.execution_id, w.generation, w.seq
FROM wait w WHERE w.workspace_id = $1 AND w.ref = $2 AND w.kind = 'RESPONSE'

-- name: collectResponses
-- Of these waits those for messages that are not open, with what they are to be answered.
SELECT w.workspace_id, w.execution_id, w.generation, w.seq, w.ref, m.status, m.closed_why, m.title,
  m.response, m.button, m.answered_by, m.answered_at
FROM json_to_recordset($1::json) AS d(workspace_id uuid, execution_id uuid, seq integer)
CROSS JOIN LATERAL (
  SELECT * FROM wait w
  WHERE w.workspace_id = d.workspace_id AND w.execution_id = d.execution_id AND w.seq = d.seq LIMIT 1
) w
LEFT JOIN LATERAL (
  SELECT * FROM message_now n WHERE n.workspace_id = w.workspace_id AND n.id = w.ref LIMIT 1
) m ON true
WHERE w.kind = 'RESPONSE' AND m.status IS DISTINCT FROM 'OPEN'

-- name: readMessagesOf
-- The newest $3 messages of an execution. OFFSET 0 keeps the planner from walking all by their age.
SELECT n.* FROM (
  SELECT * FROM message_now n WHERE n.workspace_id = $1 AND n.execution_id = $2 OFFSET 0
) n
ORDER BY n.created_at DESC, n.id DESC LIMIT $3

-- name: countChanges
-- Grows with everything that happens to the messages of an execution.
SELECT coalesce(sum(m.changes), 0)::integer AS changes
FROM message m WHERE m.workspace_id = $1 AND m.execution_id = $2

-- name: takeDueMessages
-- Locks open messages whose plan has something to do, in the shards that the caller holds by term.
-- Whoever has one of them locked is doing it.
WITH held AS (
  SELECT s.shard FROM json_to_recordset($1::json) AS d(shard smallint, term bigint)
  JOIN shard_lease s ON s.service = 'scheduler' AND s.shard = d.shard AND s.term = d.term
    AND s.process_id = $2 AND s.expires_at > clock()
)
SELECT m.workspace_id, m.id, (extract(epoch FROM clock()) * 1000)::float8 AS at
FROM message m
WHERE m.next_at <= (SELECT clock())
  AND shard_of_execution(m.id) = ANY (ARRAY(SELECT shard FROM held))
ORDER BY m.next_at LIMIT $3
FOR UPDATE OF m SKIP LOCKED

-- name: nextDueMessage
SELECT (extract(epoch FROM m.next_at - clock()) * 1000)::float8 AS in_ms
FROM message m
WHERE m.next_at IS NOT NULL AND shard_of_execution(m.id) = ANY ($1::smallint[])
ORDER BY m.next_at LIMIT 1

-- name: saveProgress
-- $1 scalars, $2 progress as JSON texts, in the same order.
UPDATE message m SET
  progress = d.progress::json, next_at = to_timestamp(d.next_at / 1000.0), assignees = d.assignees,
  changes = m.changes + 1
FROM ROWS FROM (
  json_to_recordset($1::json) AS (workspace_id uuid, id uuid, next_at float8, assignees text[]),
  unnest($2::text[])
) AS d(workspace_id, id, next_at, assignees, progress)
-- Open they are: whoever saves has taken them. A condition on it would offer the planner the index of all
-- that are.
WHERE m.workspace_id = d.workspace_id AND m.id = d.id

-- name: closeMessages
-- Writes down what message_now says. An answer that comes meanwhile has the row, and then it is not open;
-- said in this way for the reason that saveProgress gives. A later life that asks it again meanwhile has
-- another generation.
UPDATE message m SET
  status = 'CLOSED', closed_at = n.closed_at, closed_why = n.closed_why, next_at = NULL, changes = m.changes + 1
FROM json_to_recordset($1::json) AS d(workspace_id uuid, id uuid)
CROSS JOIN LATERAL (
  SELECT * FROM message_now n WHERE n.workspace_id = d.workspace_id AND n.id = d.id LIMIT 1
) n
WHERE n.status = 'CLOSED' AND m.workspace_id = d.workspace_id AND m.id = d.id
  AND m.generation = n.generation AND m.status NOT IN ('ANSWERED', 'CLOSED')
RETURNING m.id

-- name: sweepMessages
-- One page of what is stored as open, and what of it (in the caller's shards) is open no more. The last
-- row is the page itself.
WITH held AS (
  SELECT s.shard FROM json_to_recordset($1::json) AS d(shard smallint, term bigint)
  JOIN shard_lease s ON s.service = 'scheduler' AND s.shard = d.shard AND s.term = d.term
    AND s.process_id = $2 AND s.expires_at > clock()
), page AS MATERIALIZED (
  SELECT m.workspace_id, m.id FROM message m
  WHERE m.status = 'OPEN' AND (m.workspace_id, m.id) > ($3, $4)
  ORDER BY m.workspace_id, m.id LIMIT $5
)
SELECT 'closed' AS find, p.workspace_id, p.id, 0 AS rows
FROM page p
CROSS JOIN LATERAL (
  SELECT n.status FROM message_now n WHERE n.workspace_id = p.workspace_id AND n.id = p.id LIMIT 1
) n
WHERE n.status = 'CLOSED' AND shard_of_execution(p.id) = ANY (ARRAY(SELECT shard FROM held))
UNION ALL
SELECT 'page', workspace_id, id, (SELECT count(*)::integer FROM page)
FROM (SELECT * FROM page ORDER BY workspace_id DESC, id DESC LIMIT 1) last

-- name: readLinkKeys
SELECT k.id, k.key FROM link_key k ORDER BY k.created_at DESC, k.id DESC
