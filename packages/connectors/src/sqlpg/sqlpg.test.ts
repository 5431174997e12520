import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { type TestPostgres, startPostgres } from '@millrace/testkit'
import pg from 'pg'
import type { AttemptResult } from '../run-attempt.ts'
import { type Try, attempt, verdict } from '../testing/attempts.ts'
import { pgLogIn } from '../testing/pg-log-in.ts'

let server: TestPostgres
let direct: pg.Client
let logIn: Record<string, unknown>
const schema = `sqlpg_${process.pid}`

before(async () => {
  server = await startPostgres()
  direct = new pg.Client({ connectionString: server.url })
  await direct.connect()
  await direct.query(
    `CREATE SCHEMA ${schema}; CREATE TABLE ${schema}.thing (id int PRIMARY KEY, name text, tags text[])`,
  )
  logIn = { ...pgLogIn(server.url), search_path: schema }
})
after(async () => {
  await direct.query(`DROP SCHEMA ${schema} CASCADE`)
  await direct.end()
  await server.stop()
})

const run = (input: object, options?: Try): Promise<AttemptResult> =>
  attempt('SQLPG', { ...logIn, ...input }, options)
async function output(input: object, options?: Try): Promise<Record<string, unknown>> {
  const result = await run(input, options)
  if (!result.ok) assert.fail(JSON.stringify(result.error))
  return result.output
}
async function error(input: object, options?: Try): Promise<Record<string, unknown>> {
  const result = await run(input, options)
  if (result.ok) assert.fail(`it should have failed: ${JSON.stringify(result.output)}`)
  return result.error
}
const rowsOf = async (text: string): Promise<unknown[]> => (await direct.query(text)).rows

suite('modes', () => {
  test('the shorthand of the seeds', async () => {
    assert.deepEqual(await output({ fetchval: 'SELECT 1+1' }), { result: 2 })
  })
  for (const mode_name of ['fetch', 'fetchall'])
    test(`${mode_name} gives all rows`, async () => {
      const query = 'SELECT n, n * 2 AS twice FROM generate_series(1, 3) AS n'
      assert.deepEqual(
        (await output({ mode: { mode_name, query } }))['result'],
        [1, 2, 3].map((n) => ({ n, twice: n * 2 })),
      )
    })
  for (const mode_name of ['fetchrow', 'fetchone'])
    test(`${mode_name} gives the first row or null`, async () => {
      assert.deepEqual(
        (await output({ [mode_name]: 'SELECT n FROM generate_series(1, 1000000) AS n' }))['result'],
        { n: 1 },
      )
      assert.equal((await output({ [mode_name]: 'SELECT 1 WHERE false' }))['result'], null)
    })
  test('fetchval gives the first value or null', async () => {
    assert.equal((await output({ fetchval: 'SELECT NULL' }))['result'], null)
    assert.equal((await output({ fetchval: 'SELECT 1 WHERE false' }))['result'], null)
  })
  test('execute gives the command tag', async () => {
    assert.deepEqual(
      await output({ execute: "INSERT INTO thing VALUES (1, 'a'), (2, 'b'), (3, 'c')" }),
      { result: 'INSERT 0 3', row_count: 3 },
    )
    assert.deepEqual(
      await output({ execute: 'UPDATE thing SET name = $1 WHERE id > $2', parameters: ['z', 1] }),
      { result: 'UPDATE 2', row_count: 2 },
    )
    assert.equal((await output({ execute: 'CREATE TABLE t2 (a int)' }))['result'], 'CREATE TABLE')
    assert.deepEqual(await output({ execute: 'SELECT FROM thing' }), {
      result: 'SELECT 3',
      row_count: 3,
    })
  })
  test('a row that changes is changed though only the first is fetched', async () => {
    assert.equal(
      (await output({ fetchval: "INSERT INTO thing VALUES (11, 'x'), (12, 'y') RETURNING id" }))[
        'result'
      ],
      11,
    )
    assert.equal((await rowsOf(`SELECT FROM ${schema}.thing WHERE id IN (11, 12)`)).length, 2)
  })
  test('execute_many runs in one transaction', async () => {
    const mode = { mode_name: 'execute_many', query: 'INSERT INTO thing VALUES (:id, :name)' }
    const good = {
      ...mode,
      parameters_list: [
        { id: 21, name: 'a' },
        { id: 22, name: "b'; --" },
      ],
    }
    assert.equal((await output({ mode: good }))['row_count'], 2)
    const bad = {
      ...mode,
      parameters_list: [
        { id: 23, name: 'a' },
        { id: 21, name: 'twice' },
      ],
    }
    assert.equal((await error({ mode: bad }))['native_code'], 'pg: 23505')
    assert.deepEqual(
      await rowsOf(`SELECT name FROM ${schema}.thing WHERE id BETWEEN 20 AND 29 ORDER BY id`),
      [{ name: 'a' }, { name: "b'; --" }],
    )
  })
  test('a transaction is all or nothing, and each statement has its result', async () => {
    const statements = [
      { query: "INSERT INTO thing VALUES (31, 'a')" },
      { query: 'SELECT count(*) AS n FROM thing WHERE id = 31', fetch: 'value' },
      { query: 'SELECT id FROM thing WHERE id = :id', parameters: { id: 31 }, fetch: 'all' },
    ]
    assert.deepEqual((await output({ mode: { mode_name: 'transaction', statements } }))['result'], [
      'INSERT 0 1',
      1,
      [{ id: 31 }],
    ])
    const failing = [{ query: "INSERT INTO thing VALUES (32, 'a')" }, { query: 'SELECT 1/0' }]
    assert.equal(
      (await error({ mode: { mode_name: 'transaction', statements: failing } }))['native_code'],
      'pg: 22012',
    )
    assert.deepEqual(await rowsOf(`SELECT FROM ${schema}.thing WHERE id = 32`), [])
  })
  test('exactly_once_table makes a repeat return the first result', async () => {
    const mode = {
      mode_name: 'transaction',
      exactly_once_table: 'millrace_done',
      create_exactly_once_table: true,
      statements: [
        {
          query:
            "INSERT INTO thing (id, name) SELECT coalesce(max(id), 0) + 1, 'once' FROM thing RETURNING id",
          fetch: 'value',
        },
      ],
    }
    const first = await output({ mode }, { key: 'k1' })
    assert.equal(first['repeated'], false)
    const together = await Promise.all([
      output({ mode }, { key: 'k1' }),
      output({ mode }, { key: 'k1' }),
    ])
    for (const again of together)
      assert.deepEqual(again, { result: first['result'], repeated: true })
    assert.equal((await output({ mode }, { key: 'k2' }))['repeated'], false)
    assert.equal((await rowsOf(`SELECT FROM ${schema}.thing WHERE name = 'once'`)).length, 2)
  })
  test('read_only refuses changes', async () => {
    assert.equal((await output({ fetchval: 'SELECT 1', read_only: true }))['result'], 1)
    assert.equal(
      (await error({ execute: "INSERT INTO thing VALUES (41, 'a')", read_only: true }))[
        'native_code'
      ],
      'pg: 25006',
    )
  })
  test('isolation and autocommit are as asked', async () => {
    const query = "SELECT current_setting('transaction_isolation')"
    assert.equal(
      (await output({ fetchval: query, isolation_level: 'SERIALIZABLE' }))['result'],
      'serializable',
    )
    assert.equal(
      (await output({ fetchval: query, isolation_level: 'REPEATABLE READ', autocommit: false }))[
        'result'
      ],
      'repeatable read',
    )
    assert.equal(
      (await output({ execute: "INSERT INTO thing VALUES (42, 'a')", autocommit: false }))[
        'row_count'
      ],
      1,
    )
    assert.equal((await rowsOf(`SELECT FROM ${schema}.thing WHERE id = 42`)).length, 1)
  })
  test('one text is one statement', async () => {
    assert.equal(
      (await error({ execute: 'SELECT 1; DROP TABLE thing' }))['native_code'],
      'pg: 42601',
    )
  })
})

test('values keep what a number or a Date would lose', async () => {
  const row = (
    await output({
      fetchrow: `SELECT 5::int8 AS small, 9007199254740993::int8 AS big, 1.10::numeric AS dec, 'NaN'::float8 AS nan,
      1.5::float4 AS real, true AS flag, '2026-11-22'::date AS day, '10:00:00.123456'::time AS clock,
      '2026-11-22 10:00:00.123456'::timestamp AS ts, '2026-11-22 10:00:00.123456+00'::timestamptz AS tstz,
      'infinity'::timestamptz AS forever, '\\x0001ff'::bytea AS bytes, '{"a": 9007199254740993}'::jsonb AS doc,
      '{1,NULL}'::int8[] AS list, '{"a b",c}'::text[] AS words, NULL AS nothing, '1 day 2 hours'::interval AS span,
      '(1,2)'::point AS place, 'b3b0c442-98fc-1c14-9afb-f4c8996fb924'::uuid AS id`,
    })
  )['result']
  assert.deepEqual(row, {
    small: 5,
    big: '9007199254740993',
    dec: '1.10',
    nan: 'NaN',
    real: 1.5,
    flag: true,
    day: '2026-11-22',
    clock: '10:00:00.123456',
    ts: '2026-11-22T10:00:00.123456',
    tstz: '2026-11-22T10:00:00.123456+00:00',
    forever: 'infinity',
    bytes: { $base64: 'AAH/' },
    doc: { a: '9007199254740993' },
    list: [1, null],
    words: ['a b', 'c'],
    nothing: null,
    span: 'P1DT2H',
    place: '(1,2)',
    id: 'b3b0c442-98fc-1c14-9afb-f4c8996fb924',
  })
})

test('parameters arrive as given', async () => {
  const parameters = {
    big: '9007199254740993',
    bytes: { $base64: 'AAH/' },
    words: ['a"b', 'ü'],
    doc: { a: [1] },
    none: null,
  }
  const query =
    'SELECT :big::int8 AS big, :bytes::bytea AS bytes, :words::text[] AS words, :doc::json AS doc, :none::text AS none'
  assert.deepEqual((await output({ fetchrow: query, parameters }))['result'], parameters)
})

suite('failures', () => {
  const cases: readonly [string, object, Record<string, unknown>][] = [
    [
      'a syntax error',
      { fetch: 'SELEKT' },
      { code: 'REJECTED', outcome: 'known', native_code: 'pg: 42601' },
    ],
    [
      'a wrong password',
      {
        fetchval: 'SELECT 1',
        authentication: {
          authentication_method: 'username_password',
          username: 'millrace',
          password: 'wrong-password',
        },
      },
      {
        code: 'AUTHENTICATION_FAILED',
        outcome: 'none',
        phase: 'authenticate',
        native_code: 'pg: 28P01',
      },
    ],
    [
      'an unknown database',
      { fetchval: 'SELECT 1', database: 'nowhere' },
      { code: 'REJECTED', outcome: 'none', phase: 'authenticate', native_code: 'pg: 3D000' },
    ],
    [
      'no TLS offered',
      { fetchval: 'SELECT 1', tls: { tls_mode: 'start_tls' } },
      { code: 'NOT_REACHABLE', outcome: 'none', phase: 'tls' },
    ],
    [
      'too many rows',
      { fetch: 'SELECT generate_series(1, 5)', max_rows: 4 },
      { code: 'TOO_LARGE', outcome: 'known' },
    ],
    [
      'too many bytes',
      { fetch: "SELECT repeat('x', 1000) FROM generate_series(1, 100)", max_output_size: 5_000 },
      { code: 'TOO_LARGE', outcome: 'known' },
    ],
    [
      'the statement timeout',
      { fetchval: 'SELECT pg_sleep(5)', statement_timeout: 0.2 },
      { code: 'TIMED_OUT', outcome: 'known', native_code: 'pg: 57014' },
    ],
    [
      'the total timeout',
      { fetchval: 'SELECT pg_sleep(30)', total_timeout: 2 },
      { code: 'TIMED_OUT', outcome: 'known', native_code: 'pg: 57014' },
    ],
    [
      'a serialisation failure',
      { execute: "DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '40001'; END $$", idempotent: false },
      { code: 'REJECTED', outcome: 'known', native_code: 'pg: 40001' },
    ],
  ]
  for (const [what, input, expected] of cases)
    test(`${what}: ${expected['code'] as string}`, async () => {
      const shown = await error(input)
      assert.deepEqual(
        Object.fromEntries(Object.keys(expected).map((key) => [key, shown[key]])),
        expected,
      )
      assert.ok(String(shown['message']).length > 20)
    })
  test('max_rows itself still fits, and a changing statement with too many rows changes nothing', async () => {
    assert.equal(
      (
        (await output({ fetch: 'SELECT generate_series(1, 5)', max_rows: 5 }))[
          'result'
        ] as unknown[]
      ).length,
      5,
    )
    await error({
      fetch: "INSERT INTO thing SELECT n, 'many' FROM generate_series(100, 120) AS n RETURNING id",
      max_rows: 3,
    })
    assert.deepEqual(await rowsOf(`SELECT FROM ${schema}.thing WHERE name = 'many'`), [])
  })
  test('a role without rights is told so', async () => {
    await direct.query(`CREATE ROLE ${schema}_weak LOGIN PASSWORD 'weak-password'`)
    const authentication = {
      authentication_method: 'username_password',
      username: `${schema}_weak`,
      password: 'weak-password',
    }
    const shown = await error({ fetch: `SELECT * FROM ${schema}.thing`, authentication })
    assert.deepEqual([shown['code'], shown['native_code']], ['PERMISSION_DENIED', 'pg: 42501'])
    await direct.query(`DROP ROLE ${schema}_weak`)
  })
  test('two that deadlock: one is told that nothing happened and may be repeated by any class', async () => {
    await direct.query(`INSERT INTO ${schema}.thing VALUES (201, ''), (202, '')`)
    const statements = (first: number, second: number): object[] =>
      [first, second].map((id) => ({
        query: `UPDATE thing SET name = name || 'x' FROM pg_sleep(0.3) WHERE id = ${id}`,
      }))
    const both = await Promise.all([
      run({ mode: { mode_name: 'transaction', statements: statements(201, 202) } }),
      run({ mode: { mode_name: 'transaction', statements: statements(202, 201) } }),
    ])
    const failed = both.find((result) => !result.ok)
    assert.deepEqual(failed && verdict(failed), {
      code: 'REJECTED',
      phase: 'wait',
      outcome: 'known',
      repeatable: true,
    })
  })
})

suite('cancel', () => {
  test('a running statement is cancelled on the server and changes nothing', async () => {
    const controller = new AbortController()
    const running = run(
      {
        execute:
          "WITH wait AS (SELECT pg_sleep(20)) INSERT INTO thing SELECT 301, 'cancelled' FROM wait",
      },
      { signal: controller.signal },
    )
    await until(() => isRunning('cancelled'))
    const started = performance.now()
    controller.abort()
    assert.deepEqual(verdict(await running), {
      code: 'CANCELLED',
      phase: 'wait',
      outcome: 'known',
      repeatable: false,
    })
    assert.ok(performance.now() - started < 15_000)
    assert.equal(await isRunning('cancelled'), false)
    assert.deepEqual(await rowsOf(`SELECT FROM ${schema}.thing WHERE id = 301`), [])
  })
  test('no session is left behind', async () => {
    await until(
      async () =>
        (
          await rowsOf(
            `SELECT FROM pg_stat_activity WHERE application_name = 'millrace' AND datname = current_database() AND query LIKE '%${schema}%'`,
          )
        ).length === 0,
    )
  })
})

const isRunning = async (marker: string): Promise<boolean> =>
  (
    await rowsOf(
      `SELECT FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%''${marker}''%' AND pid <> pg_backend_pid()`,
    )
  ).length > 0

async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 10_000
  while (!(await condition())) {
    assert.ok(performance.now() < deadline, 'it did not come to that')
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
