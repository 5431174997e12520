export { createBatcher, type Batcher, type BatcherOptions } from './batcher.ts'
export { createDatabase, type Database, type DatabaseOptions, type Queryable } from './database.ts'
export { migrate } from './migrate.ts'
export { loadStatements, type Statement } from './statement.ts'
