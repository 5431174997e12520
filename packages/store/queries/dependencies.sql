-- name: collectDependencies
-- $1: executions that have ended. $2: waits to look at whatever has ended. $3: bytes that one answer, and
-- all of them together, may bring.
-- One statement finds the waits, counts their members, judges, and reads what the judged ones need.
-- Members are read twice by key rather than kept: joins of one batch with itself are quadratic here.
-- LATERAL with LIMIT or OFFSET pins what belongs together: one lookup by the whole key for each row.
WITH waiting AS MATERIALIZED (
  SELECT w.workspace_id, w.execution_id, w.generation, w.seq, w.return_when, w.needed, w.ref
  FROM json_to_recordset($1::json) AS d(workspace_id uuid, id uuid)
  CROSS JOIN LATERAL (SELECT * FROM wait w WHERE w.workspace_id = d.workspace_id AND w.ref = d.id OFFSET 0) w
  WHERE w.kind = 'DEPENDENCY'
  UNION
  SELECT w.workspace_id, w.execution_id, w.generation, w.seq, w.return_when, w.needed, w.ref
  FROM json_to_recordset($1::json) AS d(workspace_id uuid, id uuid)
  CROSS JOIN LATERAL (
    SELECT * FROM wait_member m WHERE m.workspace_id = d.workspace_id AND m.member_id = d.id OFFSET 0
  ) m
  CROSS JOIN LATERAL (
    SELECT * FROM wait w
    WHERE w.workspace_id = m.workspace_id AND w.execution_id = m.execution_id AND w.seq = m.seq LIMIT 1
  ) w
  WHERE w.kind = 'DEPENDENCY' AND w.ref IS NULL
  UNION
  SELECT w.workspace_id, w.execution_id, w.generation, w.seq, w.return_when, w.needed, w.ref
  FROM json_to_recordset($2::json) AS d(workspace_id uuid, execution_id uuid, seq integer)
  CROSS JOIN LATERAL (
    SELECT * FROM wait w
    WHERE w.workspace_id = d.workspace_id AND w.execution_id = d.execution_id AND w.seq = d.seq LIMIT 1
  ) w
  WHERE w.kind = 'DEPENDENCY'
), judged AS MATERIALIZED (
  SELECT w.workspace_id, w.execution_id, w.generation, w.seq, w.ref, c.missing, c.bytes,
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
  FROM waiting w
  CROSS JOIN LATERAL (
    SELECT count(*) AS total,
      count(e.ended_at) AS ended,
      count(*) FILTER (WHERE e.status = 'ENDED_SUCCESS') AS succeeded,
      count(*) FILTER (WHERE e.ended_at IS NOT NULL AND e.status <> 'ENDED_SUCCESS') AS failed,
      min(t.id::text) FILTER (WHERE e.id IS NULL) AS missing,
      -- Of a list only below, once it is decided: here its members are read at every hint.
      sum(coalesce(octet_length(e.output::text), 0) + coalesce(octet_length(e.message), 0))
        FILTER (WHERE w.ref IS NOT NULL) AS bytes
    FROM (
      SELECT w.ref AS id WHERE w.ref IS NOT NULL
      UNION ALL
      SELECT m.member_id FROM wait_member m
      WHERE w.ref IS NULL
        AND m.workspace_id = w.workspace_id AND m.execution_id = w.execution_id AND m.seq = w.seq
    ) t
    LEFT JOIN LATERAL (
      SELECT e.id, e.status, e.ended_at, e.output, e.message FROM execution e
      WHERE e.workspace_id = w.workspace_id AND e.id = t.id LIMIT 1
    ) e ON true
  ) c
), sized AS MATERIALIZED (
  SELECT j.workspace_id, j.execution_id, j.generation, j.seq, j.ref, j.missing, j.verdict,
    CASE WHEN j.ref IS NOT NULL THEN coalesce(j.bytes, 0) ELSE (
      -- 128: an id and a status.
      SELECT coalesce(sum(128 + coalesce(octet_length(e.message), 0) + CASE
        WHEN e.output_hash IS NULL THEN coalesce(octet_length(e.output::text), 0)
        ELSE (SELECT p.size FROM payload p WHERE p.workspace_id = e.workspace_id AND p.hash = e.output_hash)
      END), 0)
      FROM wait_member m
      CROSS JOIN LATERAL (
        SELECT * FROM execution e WHERE e.workspace_id = j.workspace_id AND e.id = m.member_id LIMIT 1
      ) e
      WHERE m.workspace_id = j.workspace_id AND m.execution_id = j.execution_id AND m.seq = j.seq
        AND e.ended_at IS NOT NULL
    ) END AS bytes
  FROM judged j
  WHERE j.verdict IS NOT NULL
), placed AS (
  SELECT s.*, coalesce(sum(s.bytes) FILTER (WHERE s.bytes <= $3::bigint) OVER (ROWS UNBOUNDED PRECEDING), 0) AS so_far
  FROM sized s
)
SELECT j.workspace_id, j.execution_id, j.generation, j.seq, j.verdict, j.missing, j.bytes,
  j.bytes <= $3::bigint AND j.so_far > $3::bigint AS is_later,
  CASE WHEN j.bytes <= $3::bigint AND j.so_far <= $3::bigint THEN (
  SELECT json_agg(json_build_object(
    'id', e.id, 'status', e.status, 'message', e.message,
    'output', CASE WHEN e.output_hash IS NULL THEN json_build_object('v', e.output)
      ELSE json_build_object('p', json_build_object('hash', encode(e.output_hash, 'hex'), 'size', (
        SELECT p.size FROM payload p WHERE p.workspace_id = e.workspace_id AND p.hash = e.output_hash
      ))) END
  ) ORDER BY t.ordinal)
  FROM (
    SELECT j.ref AS id, 0 AS ordinal WHERE j.ref IS NOT NULL
    UNION ALL
    SELECT m.member_id, m.ordinal FROM wait_member m
    WHERE j.ref IS NULL
      AND m.workspace_id = j.workspace_id AND m.execution_id = j.execution_id AND m.seq = j.seq
  ) t
  CROSS JOIN LATERAL (
    SELECT * FROM execution e WHERE e.workspace_id = j.workspace_id AND e.id = t.id LIMIT 1
  ) e
  WHERE e.ended_at IS NOT NULL
) END AS ended
FROM placed j
