import { readFileSync } from 'node:fs'

/** One SQL statement with the name under which Postgres keeps its plan. */
export interface Statement {
  readonly name: string
  readonly text: string
}

/**
 * Reads `queries/<aggregate>.sql`: blocks that begin with `-- name: camelCaseName`. SQL stays in
 * .sql files so that it can be pasted into psql; see docs/adr/0004-sql-in-files.md.
 */
export function loadStatements<const Name extends string>(
  aggregate: string,
  names: readonly Name[],
): Record<Name, Statement> {
  const file = new URL(`../queries/${aggregate}.sql`, import.meta.url)
  const blocks = new Map<string, string>()
  for (const block of readFileSync(file, 'utf8')
    .split(/^-- name: /m)
    .slice(1)) {
    const end = block.indexOf('\n')
    blocks.set(block.slice(0, end).trim(), block.slice(end + 1).trim())
  }
  const statements: Partial<Record<Name, Statement>> = {}
  for (const name of names) {
    const text = blocks.get(name)
    if (text === undefined) throw new Error(`queries/${aggregate}.sql has no block named ${name}`)
    statements[name] = { name: `${aggregate}.${name}`, text }
  }
  const unknown = [...blocks.keys()].filter((name) => !(names as readonly string[]).includes(name))
  if (unknown.length > 0) throw new Error(`queries/${aggregate}.sql: unused ${unknown.join(', ')}`)
  return statements as Record<Name, Statement>
}
