-- name: readLogs
-- Rows from the one that may hold line $4 on. A row holds the lines of one activation.
SELECT l.generation, l.first_seq, l.lines, l.created_at
FROM log l
WHERE l.workspace_id = $1 AND l.execution_id = $2
  AND (l.generation, l.first_seq) >= ($3, coalesce((
    SELECT max(b.first_seq) FROM log b
    WHERE b.workspace_id = $1 AND b.execution_id = $2 AND b.generation = $3 AND b.first_seq <= $4
  ), 0))
ORDER BY l.generation, l.first_seq LIMIT $5

-- name: readSavepoints
SELECT s.generation, s.first_seq, s.last_seq, s.entries, s.created_at
FROM savepoint s
WHERE s.workspace_id = $1 AND s.execution_id = $2
  AND s.generation = $3 AND s.last_seq > $4
ORDER BY s.first_seq LIMIT $5

-- name: readAnswerKinds
-- The outcome begins with its kind; the rest may be large.
SELECT a.seq, a.position, left(a.outcome::text, 100) AS outcome, a.created_at
FROM answer a
WHERE a.workspace_id = $1 AND a.execution_id = $2 AND a.generation = $3 AND a.seq BETWEEN $4 AND $5
