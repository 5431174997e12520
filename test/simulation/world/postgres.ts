import { createHash } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PGlite, protocol } from '@electric-sql/pglite'
// @ts-expect-error pg has no types for it: how the pool turns parameters into text
import utils from 'pg/lib/utils.js'
import { getTypeParser, HOT_SETTINGS } from '../../../packages/store/src/database.ts'

const MIGRATIONS = new URL('../../../packages/store/migrations/', import.meta.url)

/**
 * A Postgres in this process with the product's own schema. One session, every statement at once and
 * whole; who may run one when is decided elsewhere (database.ts).
 */
export interface SimPostgres {
  /** Runs one statement and returns its rows, as the product's own pool would. Throws Postgres's error. */
  run<Row>(statement: { name: string; text: string }, params?: readonly unknown[]): Row[]
  /** Statements without parameters or rows. */
  script(text: string): void
  setClock(ms: number): void
  /** Deletes every row that a history has left. */
  clean(): void
  readonly statements: number
}

/** What the simulation adds to the schema: its clock, and what the checkers want to see. */
const SIMULATED = `
CREATE OR REPLACE FUNCTION clock() RETURNS timestamptz LANGUAGE sql VOLATILE AS
  $$ SELECT current_setting('millrace.sim_now')::timestamptz $$;
-- No partition is ever due or missing: one that a history makes or drops would be there, or not, in
-- the next one too.
SELECT drop_partition(p::regclass, (p || '_first')::regclass, 0) FROM unnest(ARRAY['savepoint', 'answer', 'log']) p;
SELECT add_partition(p::regclass, 'fffffffe-0000-7000-8000-000000000000', 'ffffffff-0000-7000-8000-000000000000', p || '_last')
FROM unnest(ARRAY['savepoint', 'answer', 'log']) p;
`

export async function openSimPostgres(): Promise<SimPostgres> {
  const extra = readFileSync(new URL('../watch.sql', import.meta.url), 'utf8')
  const db = await PGlite.create({
    loadDataDir: new Blob([new Uint8Array(await dumpOf(SIMULATED + extra))]),
  })
  const parsed = new Map<string, number>()
  const fields = new Map<string, readonly { name: string; parse: (value: string) => unknown }[]>()
  const { serialize, Parser } = protocol
  const parser = new Parser()
  let statements = 0
  let clock = 0

  function exchange(...messages: Uint8Array[]): Message[] {
    const answers: Message[] = []
    parser.parse(db.execProtocolRawSync(Buffer.concat(messages)), (message) => {
      answers.push(message)
    })
    const failed = answers.find((answer) => answer.name === 'error')
    if (failed !== undefined) throw Object.assign(new Error(failed.message), { code: failed.code })
    return answers
  }

  function prepare(name: string, text: string): void {
    if (name !== '' && parsed.has(name)) return
    const answers = exchange(
      serialize.parse({ name, text }),
      serialize.describe({ type: 'S', name }),
      serialize.sync(),
    )
    const row = answers.find((answer) => answer.name === 'rowDescription')
    fields.set(
      name,
      (row?.fields ?? []).map((field) => ({
        name: field.name,
        parse: getTypeParser(field.dataTypeID),
      })),
    )
    parsed.set(name, 1)
  }

  function run<Row>(
    { name, text }: { name: string; text: string },
    params: readonly unknown[] = [],
  ): Row[] {
    statements += 1
    prepare(name, text)
    const columns = fields.get(name) ?? []
    const answers = exchange(
      serialize.bind({ statement: name, values: params.map((value) => utils.prepareValue(value)) }),
      serialize.execute({}),
      serialize.sync(),
    )
    const rows: Row[] = []
    for (const answer of answers) {
      if (answer.name !== 'dataRow') continue
      const row: Record<string, unknown> = {}
      for (const [n, column] of columns.entries()) {
        const value = (answer.fields as unknown as (string | null)[])[n] ?? null
        row[column.name] = value === null ? null : column.parse(value)
      }
      rows.push(row as Row)
    }
    return rows
  }

  const script = (text: string): void => void exchange(serialize.query(text))

  script('SET jit = off; SET synchronous_commit = off')
  for (const [, name, value] of HOT_SETTINGS.matchAll(/-c (\w+)=(\w+)/g))
    script(`SET ${name} = ${value}`)
  const tables = run<{ name: string }>({
    name: '',
    text: `SELECT quote_ident(relname) AS name FROM pg_class
           WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace AND NOT relispartition
             AND relname <> 'installation' ORDER BY 1`,
  }).map(({ name }) => name)
  let cleaned = 0

  return {
    run,
    script,
    setClock(ms) {
      if (ms === clock) return
      clock = ms
      const micros = Math.round((ms - Math.floor(ms)) * 1_000) % 1_000
      const text = `${new Date(Math.floor(ms)).toISOString().slice(0, -1)}${String(micros).padStart(3, '0')}Z`
      run(SET_CLOCK, [text])
    },
    clean() {
      cleaned += 1
      // Deleting leaves dead rows behind; emptying costs ten times as much.
      if (cleaned % 64 === 0) script(`TRUNCATE ${tables.join(', ')}`)
      else script(tables.map((table) => `DELETE FROM ${table}`).join(';'))
    },
    get statements() {
      return statements
    },
  }
}

const SET_CLOCK = {
  name: 'sim.clock',
  text: `SELECT set_config('millrace.sim_now', $1, false)`,
}

interface Message {
  readonly name: string
  readonly message?: string
  readonly code?: string
  readonly fields?: readonly { name: string; dataTypeID: number }[]
}

/** The data folder of an empty installation; made once, then kept under the hash of what made it. */
async function dumpOf(extra: string): Promise<Buffer> {
  const files = readdirSync(MIGRATIONS)
    .filter((name) => name.endsWith('.sql'))
    .toSorted()
    .map((name) => readFileSync(new URL(name, MIGRATIONS), 'utf8'))
  const hash = createHash('sha256')
    .update([...files, extra, PGLITE].join('\0'))
    .digest('hex')
  const folder = join(tmpdir(), 'millrace-simulation')
  const path = join(folder, `${hash.slice(0, 16)}.tar`)
  if (existsSync(path)) return readFileSync(path)
  const db = await PGlite.create()
  for (const file of files) await db.exec(file)
  await db.exec(extra)
  const dump = Buffer.from(await (await db.dumpDataDir('none')).arrayBuffer())
  await db.close()
  mkdirSync(folder, { recursive: true })
  // Several may make it at once: each moves a whole file into place.
  writeFileSync(`${path}.${process.pid}`, dump)
  renameSync(`${path}.${process.pid}`, path)
  return dump
}

const PGLITE = '0.5.16'
