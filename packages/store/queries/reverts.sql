-- name: readPastRows
-- $3 generation
SELECT s.first_seq, s.last_seq, s.entries, s.created_at
FROM savepoint s
WHERE s.workspace_id = $1 AND s.execution_id = $2 AND s.generation = $3
ORDER BY s.first_seq

-- name: readPastAnswers
-- The outcome begins with its kind; the rest may be large.
SELECT a.position, a.seq, left(a.outcome::text, 100) AS outcome, a.created_at
FROM answer a
WHERE a.workspace_id = $1 AND a.execution_id = $2 AND a.generation = $3
ORDER BY a.position

-- name: inheritHistory
-- The life $3 of $2 begins with the first $6 calls of the life $5 of $4 and their answers up to position
-- $7. $8 rows of history that differ from those they are copied from, $9 their entries, in the same order.
WITH saved AS (
  INSERT INTO savepoint (workspace_id, execution_id, generation, first_seq, last_seq, format, entries, created_at)
  SELECT s.workspace_id, $2, $3, s.first_seq, coalesce(d.last_seq, s.last_seq), s.format,
    coalesce(d.entries::json, s.entries), s.created_at
  FROM savepoint s
  LEFT JOIN ROWS FROM (
    json_to_recordset($8::json) AS (first_seq integer, last_seq integer), unnest($9::text[])
  ) AS d(first_seq, last_seq, entries) ON d.first_seq = s.first_seq
  WHERE s.workspace_id = $1 AND s.execution_id = $4 AND s.generation = $5 AND s.first_seq <= $6
)
INSERT INTO answer (workspace_id, execution_id, generation, position, seq, outcome, created_at)
SELECT a.workspace_id, $2, $3, row_number() OVER (ORDER BY a.position), a.seq, a.outcome, a.created_at
FROM answer a
WHERE a.workspace_id = $1 AND a.execution_id = $4 AND a.generation = $5 AND a.seq <= $6 AND a.position <= $7

-- name: beginLife
-- What a revert does besides the move, in its transaction: what the code has set is set again by its
-- replay, and whoever comes back to the beginning has not started.
WITH noted AS (
  INSERT INTO revert (workspace_id, execution_id, generation, from_generation, seq, name, created_by, former_started_at)
  SELECT e.workspace_id, e.id, $3, $4, $5, $6, $7, e.started_at FROM execution e WHERE e.workspace_id = $1 AND e.id = $2
)
UPDATE execution e
SET output = NULL, output_hash = NULL, message = NULL, scheduled_for = NULL, lineno = $8, last_command = NULL,
    started_at = CASE WHEN $5 = 0 THEN NULL ELSE e.started_at END
WHERE e.workspace_id = $1 AND e.id = $2 AND e.generation = $3

-- name: renewRuntime
-- It has its maximum runtime once more; what that has ended below it is left alone from now on.
INSERT INTO runtime_limit (workspace_id, execution_id, seconds, check_at)
VALUES ($1, $2, $3::integer, clock() + $3::integer * interval '1 second')
ON CONFLICT (workspace_id, execution_id) DO UPDATE SET check_at = EXCLUDED.check_at, is_over = false

-- name: dropFormerLives
-- Of an execution that keeps its last savepoint only: the log stays.
WITH answers AS (
  DELETE FROM answer a WHERE a.workspace_id = $1 AND a.execution_id = $2 AND a.generation < $3
)
DELETE FROM savepoint s WHERE s.workspace_id = $1 AND s.execution_id = $2 AND s.generation < $3

-- name: countOwnReverts
-- How often its own code has come back to call $3.
SELECT count(*)::integer AS count FROM revert
WHERE workspace_id = $1 AND execution_id = $2 AND seq = $3 AND created_by IS NULL

-- name: hasGate
-- Whether it had to get a place in its flow before it started.
SELECT g.key FROM start_gate g
WHERE g.workspace_id = $1 AND g.execution_id = $2 AND g.key LIKE 'concurrency:%' LIMIT 1

-- name: readFormerStart
SELECT r.former_started_at FROM revert r
WHERE r.workspace_id = $1 AND r.execution_id = $2 AND r.generation = $3 + 1

-- name: readReverts
SELECT r.generation, r.from_generation, r.seq, r.name, r.created_by, r.created_at
FROM revert r
WHERE r.workspace_id = $1 AND r.execution_id = $2 AND r.generation > $3
ORDER BY r.generation LIMIT $4

-- name: noteInherited
-- A rerun is born with answers: it has them from its first version on. The calls that it begins with have
-- seen the name of $4, so that is what its code goes on seeing.
UPDATE execution e SET answered = $3, born_name = coalesce(f.born_name, to_json(f.name), 'null')
FROM execution f
WHERE e.workspace_id = $1 AND e.id = $2 AND f.workspace_id = $1 AND f.id = $4

-- name: touchInherited
-- It refers to payloads that were put before it was born: they count as put now.
UPDATE payload p SET used_at = clock()
FROM (
  SELECT DISTINCT decode(m[1], 'hex') AS hash
  FROM (
    SELECT s.entries::text AS text FROM savepoint s WHERE s.workspace_id = $1 AND s.execution_id = $2
    UNION ALL
    SELECT a.outcome::text FROM answer a WHERE a.workspace_id = $1 AND a.execution_id = $2
  ) k
  CROSS JOIN LATERAL regexp_matches(k.text, '"hash" ?: ?"([0-9a-f]{64})"', 'g') m
  ORDER BY 1
) d
WHERE p.workspace_id = $1 AND p.hash = d.hash
