-- name: lockWrappers
-- Those of $2 that are there. Held until the commit, so that none goes to the trash (lockWrapper) between
-- being found and being linked.
SELECT w.id, w.name, w.input_schema FROM wrapper w
WHERE w.workspace_id = $1 AND w.deleted_at IS NULL
  AND (w.id = ANY ($2::uuid[]) OR w.name = ANY ($3::text[]))
ORDER BY w.id
FOR SHARE

-- name: setStaticWrappers
-- Replaces the wrappers of the record $2 of type $3 by those of $4, [{wrapper_id, input}] from the
-- outermost on. Ordinals that stay are changed in place: a row deleted and inserted again in one
-- statement would meet itself.
WITH d AS (
  SELECT (o.ordinality - 1)::smallint AS ordinal, (o.value ->> 'wrapper_id')::uuid AS wrapper_id,
    o.value -> 'input' AS input
  FROM json_array_elements($4::json) WITH ORDINALITY AS o(value, ordinality)
), put AS (
  INSERT INTO static_wrapper (workspace_id, wrapped_id, ordinal, wrapped_type, wrapper_id, input)
  SELECT $1::uuid, $2::uuid, d.ordinal, $3::text, d.wrapper_id, d.input FROM d
  ON CONFLICT (workspace_id, wrapped_id, ordinal)
  DO UPDATE SET wrapper_id = EXCLUDED.wrapper_id, input = EXCLUDED.input
), dropped AS (
  DELETE FROM static_wrapper
  WHERE workspace_id = $1 AND wrapped_id = $2 AND ordinal >= (SELECT count(*) FROM d)
), flows AS (
  UPDATE flow SET is_wrapped = EXISTS (SELECT FROM d)
  WHERE $3::text = 'flow' AND workspace_id = $1 AND id = $2
), connectors AS (
  UPDATE connector SET is_wrapped = EXISTS (SELECT FROM d)
  WHERE $3::text = 'connector' AND workspace_id = $1 AND id = $2
)
UPDATE wrapper SET is_wrapped = EXISTS (SELECT FROM d)
WHERE $3::text = 'wrapper' AND workspace_id = $1 AND id = $2

-- name: reaches
-- Whether the wrapper $2 is, over any number of links, a wrapper of itself.
WITH RECURSIVE outer_wrapper(id) AS (
  SELECT s.wrapper_id FROM static_wrapper s WHERE s.workspace_id = $1 AND s.wrapped_id = $2
  UNION
  SELECT s.wrapper_id FROM outer_wrapper o
    JOIN static_wrapper s ON s.workspace_id = $1 AND s.wrapped_id = o.id
)
SELECT id FROM outer_wrapper WHERE id = $2

-- name: lockWrapper
-- Waits for whoever is about to link it.
SELECT w.id FROM wrapper w WHERE w.workspace_id = $1 AND w.id = $2 FOR UPDATE

-- name: readWrapped
SELECT s.wrapped_type, s.wrapped_id, coalesce(f.name, c.name, o.name, p.name) AS wrapped_name
FROM static_wrapper s
  LEFT JOIN flow f ON f.workspace_id = s.workspace_id AND f.id = s.wrapped_id
  LEFT JOIN connector c ON c.workspace_id = s.workspace_id AND c.id = s.wrapped_id
  LEFT JOIN wrapper o ON o.workspace_id = s.workspace_id AND o.id = s.wrapped_id
  LEFT JOIN schedule p ON p.workspace_id = s.workspace_id AND p.id = s.wrapped_id
WHERE s.workspace_id = $1 AND s.wrapper_id = $2
ORDER BY s.wrapped_type, wrapped_name LIMIT 10
