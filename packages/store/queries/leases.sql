-- name: registerProcess
INSERT INTO process_lease (process_id, service, address, expires_at)
VALUES ($1, $2, $3, clock() + $4 * interval '1 millisecond')
ON CONFLICT (process_id) DO UPDATE SET address = EXCLUDED.address, expires_at = EXCLUDED.expires_at

-- name: renewProcess
UPDATE process_lease SET expires_at = clock() + $2 * interval '1 millisecond'
WHERE process_id = $1 AND expires_at > clock()
RETURNING process_id

-- name: removeProcess
DELETE FROM process_lease WHERE process_id = $1

-- name: liveProcesses
SELECT process_id, service, address FROM process_lease WHERE expires_at > clock()
