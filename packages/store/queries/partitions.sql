-- name: listPartitions
-- The default one has no bounds.
SELECT p.relname AS parent, c.relname AS name, pg_get_expr(c.relpartbound, c.oid) AS bounds
FROM pg_inherits i
JOIN pg_class p ON p.oid = i.inhparent
JOIN pg_class c ON c.oid = i.inhrelid
WHERE i.inhparent = ANY (ARRAY['savepoint'::regclass, 'answer'::regclass, 'log'::regclass])

-- name: addPartition
SELECT add_partition($1::regclass, $2, $3, $4)

-- name: dropPartition
SELECT drop_partition($1::regclass, $2::regclass, $3) AS moved

-- name: readClock
SELECT clock() AS at
