-- name: takeDue
-- What is due in the shards that the caller holds by term, oldest first; when more than one batch is
-- due ($3 > $4), the workspaces in turn among the $3 oldest: what is due later than those waits for them.
-- Nothing is taken away here: the answer deletes the wait.
WITH held AS (
  SELECT s.shard FROM json_to_recordset($1::json) AS d(shard smallint, term bigint)
  JOIN shard_lease s ON s.service = 'scheduler' AND s.shard = d.shard AND s.term = d.term
    AND s.process_id = $2 AND s.expires_at > clock()
), due AS (
  SELECT w.workspace_id, w.execution_id, w.generation, w.seq, w.kind, w.subject, w.due_at
  FROM wait w
  WHERE w.due_at <= (SELECT clock())
    AND shard_of_execution(w.execution_id) = ANY (ARRAY(SELECT shard FROM held))
  ORDER BY w.due_at LIMIT $3
)
SELECT workspace_id, execution_id, generation, seq, kind, subject,
  (extract(epoch FROM clock() - due_at) * 1000)::float8 AS late_ms
FROM due
ORDER BY row_number() OVER (PARTITION BY workspace_id ORDER BY due_at), due_at
LIMIT $4

-- name: nextDue
SELECT (extract(epoch FROM w.due_at - clock()) * 1000)::float8 AS in_ms
FROM wait w
WHERE w.due_at IS NOT NULL AND shard_of_execution(w.execution_id) = ANY ($1::smallint[])
ORDER BY w.due_at LIMIT 1

-- name: countWaits
-- For people: what lies before the holder of these shards.
SELECT
  count(*) FILTER (WHERE w.due_at <= clock())::integer AS due,
  count(*) FILTER (WHERE w.due_at > clock())::integer AS ahead,
  min(w.due_at) FILTER (WHERE w.due_at > clock()) AS next_due_at,
  count(*) FILTER (WHERE w.kind = 'DEPENDENCY')::integer AS dependencies
FROM wait w
WHERE shard_of_execution(w.execution_id) = ANY ($1::smallint[])
