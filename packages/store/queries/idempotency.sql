-- name: claimKey
-- New, older than a day, or left by a request that died: ours. created_at stays on a takeover, since
-- the ids of what the request makes are derived from it.
INSERT INTO idempotency_key AS k (workspace_id, key, request_hash, lease_until)
VALUES ($1, $2, decode($3, 'hex'), clock() + interval '20 s')
ON CONFLICT (workspace_id, key) DO UPDATE SET
  request_hash = excluded.request_hash,
  status = NULL,
  answer = NULL,
  lease_until = excluded.lease_until,
  created_at = CASE
    WHEN k.created_at < clock() - interval '24 hours' THEN clock() ELSE k.created_at
  END
WHERE k.created_at < clock() - interval '24 hours'
  OR (k.status IS NULL AND k.lease_until < clock() AND k.request_hash = excluded.request_hash)
RETURNING created_at, lease_until::text AS lease,
  (xmax <> 0 AND created_at < lease_until - interval '20 s') AS takeover

-- name: readKey
SELECT request_hash = decode($3, 'hex') AS same, status, answer
FROM idempotency_key WHERE workspace_id = $1 AND key = $2

-- name: answerKey
-- The lease says whose it is: after a takeover, what its former holder does changes nothing.
UPDATE idempotency_key SET status = $4, answer = $5::json
WHERE workspace_id = $1 AND key = $2 AND status IS NULL AND lease_until::text = $3

-- name: dropKey
DELETE FROM idempotency_key
WHERE workspace_id = $1 AND key = $2 AND status IS NULL AND lease_until::text = $3

-- name: releaseKey
UPDATE idempotency_key SET lease_until = '-infinity'
WHERE workspace_id = $1 AND key = $2 AND status IS NULL AND lease_until::text = $3

-- name: sweepKeys
-- At most $1. The time as a value: with clock() itself no index is entered, and it would be asked again
-- for every row of the table.
WITH old AS (
  SELECT k.workspace_id, k.key FROM idempotency_key k
  WHERE k.created_at < (SELECT clock()) - interval '24 hours'
  ORDER BY k.created_at LIMIT $1
)
DELETE FROM idempotency_key k USING old o
WHERE k.workspace_id = o.workspace_id AND k.key = o.key AND k.created_at < clock() - interval '24 hours'
RETURNING k.key
