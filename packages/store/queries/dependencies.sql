-- name: collectDependencies
-- $1: executions that have ended. $2: waits to look at whatever has ended.
-- One statement finds the waits, counts their members, judges, and reads what the judged ones need.
WITH waiting AS MATERIALIZED (
  SELECT w.workspace_id, w.execution_id, w.generation, w.seq, w.return_when, w.needed, w.ref
  FROM json_to_recordset($1::json) AS d(workspace_id uuid, id uuid)
  JOIN wait w ON w.workspace_id = d.workspace_id AND w.ref = d.id
  WHERE w.kind = 'DEPENDENCY'
  UNION
  SELECT w.workspace_id, w.execution_id, w.generation, w.seq, w.return_when, w.needed, w.ref
  FROM json_to_recordset($1::json) AS d(workspace_id uuid, id uuid)
  JOIN wait_member m ON m.workspace_id = d.workspace_id AND m.member_id = d.id
  JOIN wait w ON w.workspace_id = m.workspace_id AND w.execution_id = m.execution_id AND w.seq = m.seq
  WHERE w.kind = 'DEPENDENCY'
  UNION
  SELECT w.workspace_id, w.execution_id, w.generation, w.seq, w.return_when, w.needed, w.ref
  FROM json_to_recordset($2::json) AS d(workspace_id uuid, execution_id uuid, seq integer)
  JOIN wait w ON w.workspace_id = d.workspace_id AND w.execution_id = d.execution_id AND w.seq = d.seq
  WHERE w.kind = 'DEPENDENCY'
), member AS MATERIALIZED (
  SELECT workspace_id, execution_id, seq, 0 AS ordinal, ref AS member_id FROM waiting WHERE ref IS NOT NULL
  UNION ALL
  SELECT w.workspace_id, w.execution_id, w.seq, m.ordinal, m.member_id
  FROM waiting w
  JOIN wait_member m ON m.workspace_id = w.workspace_id AND m.execution_id = w.execution_id AND m.seq = w.seq
  WHERE w.ref IS NULL
), state AS MATERIALIZED (
  SELECT m.*, e.status, e.ended_at IS NOT NULL AS has_ended, e.id IS NULL AS is_missing
  FROM member m LEFT JOIN execution e ON e.workspace_id = m.workspace_id AND e.id = m.member_id
), counted AS (
  SELECT workspace_id, execution_id, seq,
    count(*) AS total,
    count(*) FILTER (WHERE has_ended) AS ended,
    count(*) FILTER (WHERE status = 'ENDED_SUCCESS') AS succeeded,
    count(*) FILTER (WHERE has_ended AND status <> 'ENDED_SUCCESS') AS failed,
    min(member_id::text) FILTER (WHERE is_missing) AS missing
  FROM state GROUP BY workspace_id, execution_id, seq
), judged AS MATERIALIZED (
  SELECT w.workspace_id, w.execution_id, w.generation, w.seq, c.missing,
    CASE
      WHEN c.missing IS NOT NULL THEN 'missing'
      WHEN w.return_when = 'ALL_ENDED' THEN CASE WHEN c.ended = c.total THEN 'met' END
      WHEN w.return_when = 'FIRST_ENDED' THEN
        CASE WHEN c.ended > 0 THEN 'met' WHEN c.total = 0 THEN 'failed' END
      WHEN w.return_when = 'N_ENDED' THEN
        CASE WHEN c.ended >= w.needed THEN 'met' WHEN w.needed > c.total THEN 'failed' END
      WHEN w.return_when = 'FIRST_SUCCEEDED' THEN
        CASE WHEN c.succeeded > 0 THEN 'met' WHEN c.ended = c.total THEN 'failed' END
      WHEN w.return_when = 'N_SUCCEEDED' THEN
        CASE WHEN c.succeeded >= w.needed THEN 'met' WHEN c.total - c.failed < w.needed THEN 'failed' END
      ELSE -- ALL_SUCCEEDED, the default
        CASE WHEN c.failed > 0 THEN 'failed' WHEN c.ended = c.total THEN 'met' END
    END AS verdict
  FROM waiting w, LATERAL (
    SELECT coalesce(sum(total), 0) AS total, coalesce(sum(ended), 0) AS ended,
      coalesce(sum(succeeded), 0) AS succeeded, coalesce(sum(failed), 0) AS failed, min(missing) AS missing
    FROM counted c
    WHERE c.workspace_id = w.workspace_id AND c.execution_id = w.execution_id AND c.seq = w.seq
  ) c -- a wait for nothing has a row too
)
SELECT j.workspace_id, j.execution_id, j.generation, j.seq, j.verdict, j.missing, (
  SELECT json_agg(json_build_object(
    'id', e.id, 'status', e.status, 'message', e.message,
    'output', CASE WHEN e.output_hash IS NULL THEN json_build_object('v', e.output)
      ELSE json_build_object('p', json_build_object('hash', encode(e.output_hash, 'hex'), 'size', (
        SELECT p.size FROM payload p WHERE p.workspace_id = e.workspace_id AND p.hash = e.output_hash
      ))) END
  ) ORDER BY s.ordinal)
  FROM state s
  JOIN execution e ON e.workspace_id = s.workspace_id AND e.id = s.member_id
  WHERE s.workspace_id = j.workspace_id AND s.execution_id = j.execution_id AND s.seq = j.seq
    AND s.has_ended AND e.ended_at IS NOT NULL
) AS ended
FROM judged j
WHERE j.verdict IS NOT NULL
