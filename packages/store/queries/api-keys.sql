-- name: insertApiKey
INSERT INTO api_key (workspace_id, id, name, user_id, key_hash, prefix, expires_at)
VALUES ($1, $2, $3, $4, decode($5, 'hex'), $6, to_timestamp($7::float8 / 1000))

-- name: readApiKeyByHash
-- expired ones too: their holder is told so
SELECT
  k.workspace_id, k.id, k.name, k.user_id, u.name AS user_name, u.is_admin, k.expires_at,
  coalesce(k.expires_at <= clock(), false) AS expired
FROM api_key k
  JOIN "user" u ON u.workspace_id = k.workspace_id AND u.id = k.user_id AND u.deleted_at IS NULL
WHERE k.key_hash = decode($1, 'hex') AND k.deleted_at IS NULL

-- name: listApiKeys
SELECT id, name, user_id, prefix, created_at, expires_at
FROM api_key
WHERE workspace_id = $1 AND deleted_at IS NULL AND ($2::uuid IS NULL OR id < $2)
ORDER BY id DESC LIMIT $3

-- name: readApiKey
SELECT id, name, user_id, prefix, created_at, expires_at
FROM api_key WHERE workspace_id = $1 AND id = $2 AND deleted_at IS NULL

-- name: trashApiKey
UPDATE api_key SET deleted_at = clock()
WHERE workspace_id = $1 AND id = $2 AND deleted_at IS NULL
RETURNING id
