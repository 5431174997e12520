/**
 * Real servers for tests: nothing of ours is mocked. A test file starts what it needs and stops it;
 * `test-servers.ts` lends one Postgres to a whole run, in which each file has a database of its own. A
 * NATS is never shared, since its subjects are not.
 */
export { createTestDatabase } from './create-test-database.ts'
export type { TestDatabase, TestDatabaseOptions } from './create-test-database.ts'
export { startNats, type TestNats } from './start-nats.ts'
export { startPostgres, type TestPostgres } from './start-postgres.ts'
export { openSql, runSql, seedRows, type SeedRow, type SqlSession } from './seed-rows.ts'
