-- name: readSession
SELECT e.generation, e.is_productive, e.extra::text AS extra, d.generation AS session_generation, d.seen,
  d.stop::text AS stop
FROM execution e
  LEFT JOIN debug_session d ON d.workspace_id = e.workspace_id AND d.execution_id = e.id
WHERE e.workspace_id = $1 AND e.id = $2

-- name: keepSession
INSERT INTO debug_session (workspace_id, execution_id, generation, seen, stop) VALUES ($1, $2, $3, $4, $5::json)
ON CONFLICT (workspace_id, execution_id)
DO UPDATE SET generation = EXCLUDED.generation, seen = EXCLUDED.seen, stop = EXCLUDED.stop

-- name: dropSession
DELETE FROM debug_session WHERE workspace_id = $1 AND execution_id = $2

-- name: stopExecution
-- In the transaction of its commit, whose version $3 is: nobody has seen it in between. What it would
-- be without the stop lies beneath; $6 replaces extra.
WITH stopped AS (
  UPDATE execution e SET status = 'PAUSED', beneath = e.status::text, extra = $6::json
  WHERE e.workspace_id = $1 AND e.id = $2 AND e.version = $3
  RETURNING e.workspace_id, e.id, e.generation
)
INSERT INTO wait (workspace_id, execution_id, generation, seq, kind, subject)
SELECT workspace_id, id, generation, $4::integer, 'BREAK', $5::text FROM stopped
ON CONFLICT (workspace_id, execution_id, seq) DO NOTHING

-- name: releaseStop
-- The answer to a stop ends the pause with it. As answerWaits: the execution's row is locked first,
-- and deleting the wait makes the answer the only one.
WITH locked AS MATERIALIZED (
  SELECT e.workspace_id, e.id, e.generation FROM execution e
  WHERE e.workspace_id = $1 AND e.id = $2 AND e.version = $3 AND e.status = 'PAUSED'
  FOR UPDATE
), closed AS (
  DELETE FROM wait w USING locked l
  WHERE w.workspace_id = l.workspace_id AND w.execution_id = l.id AND w.seq = $4 AND w.kind = 'BREAK'
    AND w.generation = l.generation
  RETURNING w.seq
), moved AS (
  UPDATE execution e
  SET status = 'WAITING_ENGINE', beneath = NULL, version = e.version + 1, answered = e.answered + 1,
      process_id = NULL, moved_at = t.at
  FROM closed c, (SELECT date_trunc('milliseconds', clock()) AS at) t
  WHERE e.workspace_id = $1 AND e.id = $2 AND e.version = $3
  RETURNING e.workspace_id, e.id, e.generation, e.version, e.answered, c.seq, t.at
), kept AS (
  INSERT INTO answer (workspace_id, execution_id, generation, position, seq, outcome, created_at)
  SELECT workspace_id, id, generation, answered, seq, $5::json, at FROM moved
)
SELECT version FROM moved

-- name: makeProductive
-- No move: what is on its way commits as if nothing had happened, and a stop among it is passed.
UPDATE execution SET is_productive = true
WHERE workspace_id = $1 AND id = $2 AND version = $3
RETURNING id

-- name: readBreakpoints
SELECT f.id, f.breakpoints::text AS breakpoints FROM flow f
WHERE f.workspace_id = $1 AND f.id = ANY ($2::uuid[]) AND f.breakpoints IS NOT NULL
