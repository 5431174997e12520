-- name: answerWaits
-- Deleting the wait is what makes an answer the only one. The execution rows are locked first, in
-- id order, so that positions have no hole and two answerers never wait for each other.
WITH input AS MATERIALIZED (
  SELECT * FROM ROWS FROM (
    json_to_recordset($1::json) AS (workspace_id uuid, execution_id uuid, generation integer, seq integer),
    unnest($2::text[])
  ) WITH ORDINALITY AS d(workspace_id, execution_id, generation, seq, outcome, place)
), locked AS MATERIALIZED (
  SELECT e.id FROM execution e
  JOIN (SELECT DISTINCT workspace_id, execution_id FROM input) d
    ON e.workspace_id = d.workspace_id AND e.id = d.execution_id
  ORDER BY e.workspace_id, e.id
  FOR UPDATE OF e
), closed AS (
  DELETE FROM wait w USING input d
  WHERE (SELECT count(*) FROM locked) > 0
    AND w.workspace_id = d.workspace_id AND w.execution_id = d.execution_id AND w.seq = d.seq
    AND w.generation = d.generation
  RETURNING w.workspace_id, w.execution_id, w.generation, w.seq, w.kind, d.outcome, d.place
), members AS (
  DELETE FROM wait_member m USING closed c
  WHERE c.kind = 'DEPENDENCY'
    AND m.workspace_id = c.workspace_id AND m.execution_id = c.execution_id AND m.seq = c.seq
), grouped AS (
  SELECT workspace_id, execution_id, generation, date_trunc('milliseconds', clock()) AS at,
    coalesce(array_agg(seq ORDER BY place) FILTER (WHERE seq <> 0), '{}') AS seqs,
    coalesce(array_agg(outcome ORDER BY place) FILTER (WHERE seq <> 0), '{}') AS outcomes
  FROM closed GROUP BY workspace_id, execution_id, generation
), answered AS (
  UPDATE execution e
  SET answered = e.answered + cardinality(g.seqs),
      status = CASE WHEN e.status IN ('SCHEDULED', 'WAITING_DEPENDENCY', 'WAITING_LOCK', 'WAITING_RESPONSE')
                    THEN 'WAITING_ENGINE' ELSE e.status END,
      beneath = CASE WHEN e.status = 'PAUSED' THEN 'WAITING_ENGINE' END,
      version = e.version + CASE
        WHEN e.status IN ('SCHEDULED', 'WAITING_DEPENDENCY', 'WAITING_LOCK', 'WAITING_RESPONSE')
          OR (e.status = 'PAUSED' AND e.beneath <> 'WAITING_ENGINE') THEN 1 ELSE 0 END,
      moved_at = CASE
        WHEN e.status IN ('SCHEDULED', 'WAITING_DEPENDENCY', 'WAITING_LOCK', 'WAITING_RESPONSE')
          OR (e.status = 'PAUSED' AND e.beneath <> 'WAITING_ENGINE') THEN g.at ELSE e.moved_at END
  FROM grouped g
  -- A wait that outlived a revert is deleted, and answers nobody.
  -- By status and not by ended_at: that would offer the planner the index of all that is live.
  WHERE e.workspace_id = g.workspace_id AND e.id = g.execution_id AND e.generation = g.generation
    AND e.status NOT LIKE 'ENDED%'
  RETURNING e.workspace_id, e.id, e.generation, e.version, e.status, e.answered, e.process_id, e.type, e.priority,
    e.moved_at = g.at AS moved, g.at, g.seqs, g.outcomes, e.parent_execution_id
), kept AS (
  INSERT INTO answer (workspace_id, execution_id, generation, position, seq, outcome, created_at)
  SELECT a.workspace_id, a.id, a.generation, a.answered - cardinality(a.seqs) + u.place, u.seq, u.outcome::json, a.at
  FROM answered a, unnest(a.seqs, a.outcomes) WITH ORDINALITY AS u(seq, outcome, place)
)
SELECT workspace_id, id, version, status, type, priority, process_id, moved, answered, at, seqs, parent_execution_id FROM answered
