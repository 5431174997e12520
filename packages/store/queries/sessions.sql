-- name: insertSession
INSERT INTO session (workspace_id, token_hash, user_id, expires_at)
VALUES ($1, decode($2, 'hex'), $3, clock() + make_interval(secs => $4))
RETURNING expires_at

-- name: readSessionByHash
-- expired ones too, until they are swept: their holder is told so
SELECT
  s.workspace_id, s.user_id, u.name AS user_name, u.is_admin, s.expires_at,
  s.expires_at <= clock() AS expired
FROM session s
  JOIN "user" u ON u.workspace_id = s.workspace_id AND u.id = s.user_id AND u.deleted_at IS NULL
WHERE s.token_hash = decode($1, 'hex')

-- name: endSession
DELETE FROM session WHERE token_hash = decode($1, 'hex') RETURNING user_id

-- name: endSessionsOf
DELETE FROM session
WHERE workspace_id = $1 AND user_id = $2
  AND ($3::text IS NULL OR token_hash <> decode($3, 'hex'))

-- name: sweepSessions
DELETE FROM session WHERE expires_at < (SELECT clock()) - interval '30 days'
