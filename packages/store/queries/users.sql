-- name: insertUser
INSERT INTO "user" (workspace_id, id, name, password_hash, is_admin) VALUES ($1, $2, $3, $4, $5)

-- name: readUserByName
-- a login names no workspace: names of users are unique in the installation
SELECT workspace_id, id, name, password_hash, is_admin, created_at, modified_at
FROM "user" WHERE name = $1 AND deleted_at IS NULL

-- name: readUser
SELECT workspace_id, id, name, password_hash, is_admin, created_at, modified_at
FROM "user" WHERE workspace_id = $1 AND id = $2 AND deleted_at IS NULL

-- name: listUsers
SELECT workspace_id, id, name, is_admin, created_at, modified_at
FROM "user" WHERE workspace_id = $1 AND deleted_at IS NULL AND ($2::text IS NULL OR name > $2)
ORDER BY name LIMIT $3

-- name: setPassword
UPDATE "user" SET password_hash = $3, modified_at = clock()
WHERE workspace_id = $1 AND id = $2 AND deleted_at IS NULL
RETURNING id

-- name: trashUser
-- who is gone can do nothing: sessions and keys go in the same statement
WITH gone AS (
  UPDATE "user" SET deleted_at = clock() WHERE workspace_id = $1 AND id = $2 AND deleted_at IS NULL
  RETURNING workspace_id, id
), sessions AS (
  DELETE FROM session s USING gone g WHERE s.workspace_id = g.workspace_id AND s.user_id = g.id
), keys AS (
  UPDATE api_key k SET deleted_at = clock() FROM gone g
  WHERE k.workspace_id = g.workspace_id AND k.user_id = g.id AND k.deleted_at IS NULL
)
SELECT id FROM gone

-- name: readLock
-- seconds that logins of this account from this address are still refused
SELECT ceil(extract(epoch FROM locked_until - clock()))::integer AS seconds
FROM login_failure WHERE account = $1 AND address = $2 AND locked_until > clock()

-- name: countFailure
-- ten failures within 15 minutes lock for 15 minutes; an older streak begins anew
INSERT INTO login_failure AS f (account, address, failures) VALUES ($1, $2, 1)
ON CONFLICT (account, address) DO UPDATE SET
  failures = CASE WHEN f.first_at < clock() - interval '15 min' THEN 1 ELSE f.failures + 1 END,
  first_at = CASE WHEN f.first_at < clock() - interval '15 min' THEN clock() ELSE f.first_at END,
  locked_until = CASE
    WHEN f.failures + 1 >= $3 AND f.first_at >= clock() - interval '15 min'
      THEN clock() + interval '15 min'
  END

-- name: forgetFailures
DELETE FROM login_failure
WHERE (account = $1 AND address = $2) OR first_at < clock() - interval '1 day'
