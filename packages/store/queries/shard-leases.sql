-- name: ensureShards
INSERT INTO shard_lease (service, shard)
SELECT $1, s FROM generate_series(0, $2::integer - 1) AS s
ON CONFLICT DO NOTHING

-- name: renewShards
-- Also after they ran out, as long as nobody took them: the term is still the holder's. And how many
-- copies there are, to know the fair part.
WITH renewed AS (
  UPDATE shard_lease SET expires_at = clock() + $3 * interval '1 millisecond'
  WHERE service = $1 AND process_id = $2
  RETURNING shard, term
)
SELECT count(*)::integer AS copies, count(*) FILTER (WHERE process_id < $2)::integer AS rank,
  (SELECT coalesce(json_agg(json_build_object('shard', r.shard, 'term', r.term) ORDER BY r.shard), '[]')::text
   FROM renewed r) AS held
FROM process_lease
WHERE service = $1 AND (expires_at > clock() OR process_id = $2)

-- name: yieldShards
-- The term stays: it rises when somebody takes the shard.
UPDATE shard_lease SET process_id = NULL, expires_at = '-infinity'
WHERE service = $1 AND process_id = $2 AND shard = ANY ($3::smallint[])

-- name: takeShards
UPDATE shard_lease s SET process_id = $2, term = s.term + 1, expires_at = clock() + $3 * interval '1 millisecond'
FROM (
  SELECT f.shard FROM shard_lease f
  WHERE f.service = $1 AND f.expires_at <= clock() AND f.process_id IS DISTINCT FROM $2
  ORDER BY f.shard LIMIT $4
  FOR UPDATE SKIP LOCKED
) free
WHERE s.service = $1 AND s.shard = free.shard
RETURNING s.shard, s.term

-- name: readShards
SELECT shard, term, process_id, expires_at FROM shard_lease WHERE service = $1 ORDER BY shard
