-- name: listWorkspaces
SELECT w.id FROM workspace w ORDER BY w.id

-- name: removeTrees
-- Deletes join by a workspace_id that is read, not by $1: see 0030-scheduler.sql.
-- One page of the executions of $1 that are older than $3 ms, and with it whole trees that begin in
-- the page: removed when every member ended longer ago than that and nobody outside waits for one.
-- Larger ones than $5 are named only. Whoever holds a member's row is left in peace until next time.
WITH RECURSIVE aged AS MATERIALIZED (
  SELECT clock() - $3 * interval '1 millisecond' AS at
), page AS MATERIALIZED (
  SELECT e.id, e.top_execution_id, e.ended_at
  FROM execution e
  WHERE e.workspace_id = $1 AND (e.workspace_id, e.id) > ($1, $2) AND e.id < (SELECT uuid_at(at) FROM aged)
  ORDER BY e.workspace_id, e.id LIMIT $4
), tree AS (
  SELECT p.id AS top, p.id, p.ended_at < (SELECT at FROM aged) AS is_aged
  FROM page p
  WHERE p.id = p.top_execution_id AND p.ended_at < (SELECT at FROM aged)
  UNION ALL
  -- Not below what keeps its tree anyway.
  SELECT t.top, c.id, coalesce(c.ended_at < (SELECT at FROM aged), false)
  FROM tree t
  CROSS JOIN LATERAL (
    SELECT c.id, c.ended_at FROM execution c WHERE c.workspace_id = $1 AND c.parent_execution_id = t.id OFFSET 0
  ) c
  WHERE t.is_aged
), member AS MATERIALIZED (
  SELECT t.top, t.id, count(*) OVER w AS members, bool_and(
    t.is_aged
    AND (SELECT true FROM wait w WHERE w.workspace_id = $1 AND w.ref = t.id LIMIT 1) IS NULL
    AND (SELECT true FROM wait_member m WHERE m.workspace_id = $1 AND m.member_id = t.id LIMIT 1) IS NULL
  ) OVER w AS is_removable
  FROM tree t
  WINDOW w AS (PARTITION BY t.top)
), held AS MATERIALIZED (
  SELECT m.*, count(*) OVER (PARTITION BY m.top) AS held
  FROM (
    SELECT m.top, e.workspace_id, m.id, m.members FROM (
      SELECT * FROM member m WHERE m.is_removable AND m.members <= $5 ORDER BY m.id
    ) m
    CROSS JOIN LATERAL (
      SELECT e.workspace_id FROM execution e
      WHERE e.workspace_id = $1 AND e.id = m.id AND e.ended_at < (SELECT at FROM aged)
      FOR UPDATE SKIP LOCKED
    ) e
  ) m
), gone AS (
  DELETE FROM execution e USING held h
  WHERE h.held = h.members AND e.workspace_id = h.workspace_id AND e.id = h.id
  RETURNING e.workspace_id, e.id, e.type, e.generation
), attempts AS (
  DELETE FROM connection_attempt a USING gone g
  WHERE g.type = 'CONNECTION' AND a.workspace_id = g.workspace_id AND a.execution_id = g.id
), reverts AS (
  DELETE FROM revert r USING gone g
  WHERE g.generation > 1 AND r.workspace_id = g.workspace_id AND r.execution_id = g.id
), gates AS (
  DELETE FROM start_gate t USING gone g WHERE t.workspace_id = g.workspace_id AND t.execution_id = g.id
), runtimes AS (
  DELETE FROM runtime_limit t USING gone g WHERE t.workspace_id = g.workspace_id AND t.execution_id = g.id
), savepoints AS (
  DELETE FROM savepoint_rest r USING gone g WHERE r.workspace_id = g.workspace_id AND r.execution_id = g.id
), answers AS (
  DELETE FROM answer_rest r USING gone g WHERE r.workspace_id = g.workspace_id AND r.execution_id = g.id
), logs AS (
  DELETE FROM log_rest r USING gone g WHERE r.workspace_id = g.workspace_id AND r.execution_id = g.id
), messages AS (
  DELETE FROM message m USING gone g WHERE m.workspace_id = g.workspace_id AND m.execution_id = g.id
), debugged AS (
  DELETE FROM debug_session d USING gone g WHERE d.workspace_id = g.workspace_id AND d.execution_id = g.id
), asides AS (
  DELETE FROM execution_aside a USING gone g WHERE a.workspace_id = g.workspace_id AND a.execution_id = g.id
), tags AS (
  DELETE FROM execution_tag t USING gone g WHERE t.workspace_id = g.workspace_id AND t.execution_id = g.id
)
SELECT (SELECT count(*)::integer FROM page) AS rows, (SELECT id FROM page ORDER BY id DESC LIMIT 1) AS last,
  (SELECT count(*)::integer FROM gone) AS removed,
  ARRAY(SELECT DISTINCT m.top FROM member m WHERE m.is_removable AND m.members > $5) AS large

-- name: removeDeepest
-- At most $4 members of a tree that removeTrees named, the deepest first, so that no child is ever
-- left without its parent. Nothing as soon as one member is alive again.
WITH RECURSIVE aged AS MATERIALIZED (
  SELECT clock() - $3 * interval '1 millisecond' AS at
), tree AS (
  SELECT e.id, 0 AS depth, coalesce(e.ended_at < (SELECT at FROM aged), false) AS is_aged
  FROM execution e WHERE e.workspace_id = $1 AND e.id = $2
  UNION ALL
  SELECT c.id, t.depth + 1, coalesce(c.ended_at < (SELECT at FROM aged), false)
  FROM tree t
  CROSS JOIN LATERAL (
    SELECT c.id, c.ended_at FROM execution c WHERE c.workspace_id = $1 AND c.parent_execution_id = t.id OFFSET 0
  ) c
), deepest AS MATERIALIZED (
  SELECT t.id FROM tree t
  WHERE (SELECT bool_and(is_aged) FROM tree)
  ORDER BY t.depth DESC, t.id LIMIT $4
), held AS MATERIALIZED (
  SELECT e.workspace_id, d.id FROM deepest d
  CROSS JOIN LATERAL (
    SELECT e.workspace_id FROM execution e
    WHERE e.workspace_id = $1 AND e.id = d.id AND e.ended_at < (SELECT at FROM aged)
    FOR UPDATE SKIP LOCKED
  ) e
), gone AS (
  DELETE FROM execution e USING held h
  WHERE (SELECT count(*) FROM held) = (SELECT count(*) FROM deepest)
    AND e.workspace_id = h.workspace_id AND e.id = h.id
  RETURNING e.workspace_id, e.id, e.type, e.generation
), attempts AS (
  DELETE FROM connection_attempt a USING gone g
  WHERE g.type = 'CONNECTION' AND a.workspace_id = g.workspace_id AND a.execution_id = g.id
), reverts AS (
  DELETE FROM revert r USING gone g
  WHERE g.generation > 1 AND r.workspace_id = g.workspace_id AND r.execution_id = g.id
), gates AS (
  DELETE FROM start_gate t USING gone g WHERE t.workspace_id = g.workspace_id AND t.execution_id = g.id
), runtimes AS (
  DELETE FROM runtime_limit t USING gone g WHERE t.workspace_id = g.workspace_id AND t.execution_id = g.id
), savepoints AS (
  DELETE FROM savepoint_rest r USING gone g WHERE r.workspace_id = g.workspace_id AND r.execution_id = g.id
), answers AS (
  DELETE FROM answer_rest r USING gone g WHERE r.workspace_id = g.workspace_id AND r.execution_id = g.id
), logs AS (
  DELETE FROM log_rest r USING gone g WHERE r.workspace_id = g.workspace_id AND r.execution_id = g.id
), messages AS (
  DELETE FROM message m USING gone g WHERE m.workspace_id = g.workspace_id AND m.execution_id = g.id
), debugged AS (
  DELETE FROM debug_session d USING gone g WHERE d.workspace_id = g.workspace_id AND d.execution_id = g.id
), asides AS (
  DELETE FROM execution_aside a USING gone g WHERE a.workspace_id = g.workspace_id AND a.execution_id = g.id
), tags AS (
  DELETE FROM execution_tag t USING gone g WHERE t.workspace_id = g.workspace_id AND t.execution_id = g.id
)
SELECT count(*)::integer AS removed FROM gone

-- name: unusedPayloads
-- A page of the payloads of $1 after $2, each with whether nobody put it for so long that only
-- executions older than $3 ms can refer to it. The five minutes are for whoever puts it first and
-- refers to it afterwards.
SELECT encode(p.hash, 'hex') AS hash,
  p.used_at < clock() - $3 * interval '1 millisecond' - interval '5 minutes' AS is_unused
FROM payload p
WHERE p.workspace_id = $1 AND (p.workspace_id, p.hash) > ($1, decode($2, 'hex'))
ORDER BY p.workspace_id, p.hash LIMIT $4

-- name: unusedScripts
-- The same of scripts; what a flow, a wrapper or a scheduler has is in use.
SELECT encode(s.hash, 'hex') AS hash,
  s.used_at < clock() - $3 * interval '1 millisecond' - interval '5 minutes' AND
  (SELECT true FROM flow f WHERE f.workspace_id = $1 AND f.script_hash = s.hash LIMIT 1) IS NULL AND
  (SELECT true FROM wrapper w WHERE w.workspace_id = $1 AND w.script_hash = s.hash LIMIT 1) IS NULL AND
  (SELECT true FROM scheduler r WHERE r.workspace_id = $1 AND r.script_hash = s.hash LIMIT 1) IS NULL AS is_unused
FROM script s
WHERE s.workspace_id = $1 AND (s.workspace_id, s.hash) > ($1, decode($2, 'hex'))
ORDER BY s.workspace_id, s.hash LIMIT $4

-- name: referredContents
-- What a page of the executions of $1 that are older than $3 ms refers to: they outlived their time.
WITH page AS MATERIALIZED (
  SELECT e.id, e.input_hash, e.output_hash, e.script_hash, e.extra FROM execution e
  WHERE e.workspace_id = $1 AND (e.workspace_id, e.id) > ($1, $2)
    AND e.id < (SELECT uuid_at(clock() - $3 * interval '1 millisecond'))
  ORDER BY e.workspace_id, e.id LIMIT $4
), kept AS (
  SELECT s.entries::text AS text FROM page p CROSS JOIN LATERAL (
    SELECT s.entries FROM savepoint s WHERE s.workspace_id = $1 AND s.execution_id = p.id OFFSET 0
  ) s
  UNION ALL
  SELECT a.outcome::text FROM page p CROSS JOIN LATERAL (
    SELECT a.outcome FROM answer a WHERE a.workspace_id = $1 AND a.execution_id = p.id OFFSET 0
  ) a
  UNION ALL
  SELECT p.extra::text FROM page p
), referred AS (
  SELECT encode(p.input_hash, 'hex') AS hash FROM page p
  UNION SELECT encode(p.output_hash, 'hex') FROM page p
  UNION SELECT encode(p.script_hash, 'hex') FROM page p
  -- As Value of packages/replay is written, by JSON.stringify or by json_build_object, and as the
  -- schemas of an execution are. Text of flows that looks the same keeps a payload too long at worst.
  UNION SELECT m[1] FROM kept k CROSS JOIN LATERAL
    regexp_matches(k.text, '"(?:(?:in|out)put_schema_)?hash" ?: ?"([0-9a-f]{64})"', 'g') m
)
SELECT ARRAY(SELECT hash FROM referred WHERE hash IS NOT NULL) AS hashes,
  (SELECT count(*)::integer FROM page) AS rows, (SELECT id FROM page ORDER BY id DESC LIMIT 1) AS last

-- name: removePayloads
-- Not those that somebody put in the meantime.
WITH d AS MATERIALIZED (
  SELECT $1::uuid AS workspace_id, decode(h, 'hex') AS hash FROM unnest($2::text[]) AS h
), gone AS (
  DELETE FROM payload p USING d
  WHERE p.workspace_id = d.workspace_id AND p.hash = d.hash
    AND p.used_at < clock() - $3 * interval '1 millisecond' - interval '5 minutes'
  RETURNING p.hash
)
SELECT count(*)::integer AS removed FROM gone

-- name: removeScripts
WITH d AS MATERIALIZED (
  SELECT $1::uuid AS workspace_id, decode(h, 'hex') AS hash FROM unnest($2::text[]) AS h
), gone AS (
  DELETE FROM script s USING d
  WHERE s.workspace_id = d.workspace_id AND s.hash = d.hash
    AND s.used_at < clock() - $3 * interval '1 millisecond' - interval '5 minutes'
    AND (SELECT true FROM flow f WHERE f.workspace_id = $1 AND f.script_hash = s.hash LIMIT 1) IS NULL
    AND (SELECT true FROM wrapper w WHERE w.workspace_id = $1 AND w.script_hash = s.hash LIMIT 1) IS NULL
    AND (SELECT true FROM scheduler r WHERE r.workspace_id = $1 AND r.script_hash = s.hash LIMIT 1) IS NULL
  RETURNING s.hash
)
SELECT count(*)::integer AS removed FROM gone

-- name: touchPayloads
-- An execution is about to refer to them without putting them.
UPDATE payload p SET used_at = clock()
FROM (
  SELECT DISTINCT d.workspace_id, decode(d.hash, 'hex') AS hash
  FROM json_to_recordset($1::json) AS d(workspace_id uuid, hash text)
  ORDER BY 1, 2
) d
WHERE p.workspace_id = d.workspace_id AND p.hash = d.hash AND p.used_at < clock() - interval '1 minute'

-- name: touchScripts
UPDATE script s SET used_at = clock()
FROM (
  SELECT DISTINCT d.workspace_id, decode(d.hash, 'hex') AS hash
  FROM json_to_recordset($1::json) AS d(workspace_id uuid, hash text)
  ORDER BY 1, 2
) d
WHERE s.workspace_id = d.workspace_id AND s.hash = d.hash AND s.used_at < clock() - interval '1 minute'
