import { readFileSync } from 'node:fs'

/** One SQL statement with the name under which Postgres keeps its plan. */
export interface Statement {
  readonly name: string
  readonly text: string
}

/** Every statement of `queries/<aggregate>.sql` by name: blocks that begin with `-- name: camelCaseName`. */
export function readStatements(aggregate: string): Map<string, Statement> {
  const file = new URL(`../queries/${aggregate}.sql`, import.meta.url)
  const statements = new Map<string, Statement>()
  for (const block of readFileSync(file, 'utf8')
    .split(/^-- name: /m)
    .slice(1)) {
    const end = block.indexOf('\n')
    const name = block.slice(0, end).trim()
    statements.set(name, { name: `${aggregate}.${name}`, text: block.slice(end + 1).trim() })
  }
  return statements
}

/**
 * The statements of an aggregate that code names; one too few or too many is an error. SQL stays in
 * .sql files so that it can be pasted into psql; see docs/adr/0004-sql-in-files.md.
 */
export function loadStatements<const Name extends string>(
  aggregate: string,
  names: readonly Name[],
): Record<Name, Statement> {
  const known = readStatements(aggregate)
  const statements: Partial<Record<Name, Statement>> = {}
  for (const name of names) {
    const statement = known.get(name)
    if (statement === undefined)
      throw new Error(`queries/${aggregate}.sql has no block named ${name}`)
    statements[name] = statement
  }
  const unknown = [...known.keys()].filter((name) => !(names as readonly string[]).includes(name))
  if (unknown.length > 0) throw new Error(`queries/${aggregate}.sql: unused ${unknown.join(', ')}`)
  return statements as Record<Name, Statement>
}
