import assert from 'node:assert/strict'
import { type Socket, connect } from 'node:net'
import { after, before, test } from 'node:test'
import { type TestPostgres, startPostgres } from '@millrace/testkit'
import pg from 'pg'
import { attempt, verdict } from '../testing/attempts.ts'
import { listen } from '../testing/listener.ts'
import { pgLogIn } from '../testing/pg-log-in.ts'

let server: TestPostgres
let direct: pg.Client
const table = `faults_${process.pid}`

before(async () => {
  server = await startPostgres()
  direct = new pg.Client({ connectionString: server.url })
  await direct.connect()
  await direct.query(`CREATE TABLE ${table} (mode text)`)
})
after(async () => {
  await direct.query(`DROP TABLE ${table}`)
  await direct.end()
  await server.stop()
})

/** Stands between the connector and Postgres; `answer` takes over once the client has said `word`. */
function proxy(
  word: string,
  answer: (socket: Socket, upstream: Socket, chunk: Buffer | string) => void,
): (socket: Socket) => void {
  const target = new URL(server.url)
  return (socket) => {
    const upstream = connect(Number(target.port), target.hostname)
    upstream.on('error', () => undefined)
    socket.on('close', () => upstream.destroy())
    const pass = (chunk: Buffer): void => void socket.write(chunk)
    socket.on('data', (chunk) => {
      if (!chunk.includes(word)) return void upstream.write(chunk)
      upstream.off('data', pass)
      answer(socket, upstream, chunk)
    })
    upstream.on('data', pass)
  }
}

/** Drops the connection at `word`, before the server has it or when it answers. */
const dropAt = (word: string, passes: boolean): ((socket: Socket) => void) =>
  proxy(word, (socket, upstream, chunk) => {
    if (!passes) return void socket.resetAndDestroy()
    upstream.on('data', () => socket.resetAndDestroy())
    upstream.write(chunk)
  })

const insert = (marker: string): string => `INSERT INTO ${table} VALUES ('${marker}')`
const LOST = { code: 'OUTCOME_UNKNOWN', phase: 'wait', outcome: 'unknown' }
const NOTHING = { code: 'NOT_REACHABLE', phase: 'wait', outcome: 'none', repeatable: true }

const CASES: readonly {
  name: string
  word: string
  passes: boolean
  input: object
  expected: object
  rows: number
}[] = [
  {
    name: 'in the log in',
    word: 'SCRAM-SHA-256',
    passes: false,
    input: { execute: insert('a') },
    rows: 0,
    expected: { code: 'NOT_REACHABLE', phase: 'authenticate', outcome: 'none', repeatable: true },
  },
  {
    name: 'at the statement, before the server has it',
    word: 'INSERT INTO',
    passes: false,
    input: { execute: insert('b') },
    rows: 0,
    expected: { ...LOST, repeatable: false },
  },
  {
    name: 'after the server has run it',
    word: 'INSERT INTO',
    passes: true,
    input: { execute: insert('c') },
    rows: 1,
    expected: { ...LOST, repeatable: false },
  },
  {
    name: 'the same, declared idempotent',
    word: 'INSERT INTO',
    passes: true,
    input: { execute: insert('d'), idempotent: true },
    rows: 1,
    expected: { ...LOST, repeatable: true },
  },
  {
    name: 'within a transaction',
    word: 'INSERT INTO',
    passes: true,
    input: { execute: insert('e'), autocommit: false },
    rows: 0,
    expected: NOTHING,
  },
  {
    name: 'at the commit',
    word: 'COMMIT\0',
    passes: true,
    input: { execute: insert('f'), autocommit: false },
    rows: 1,
    expected: { ...LOST, repeatable: false },
  },
  {
    name: 'while reading only',
    word: 'SELECT mode',
    passes: true,
    input: { fetch: `SELECT mode FROM ${table}`, read_only: true },
    rows: 0,
    expected: NOTHING,
  },
]
for (const { name, word, passes, input, expected, rows } of CASES)
  test(`a connection lost ${name}: ${JSON.stringify(expected)}`, async () => {
    await using between = await listen(dropAt(word, passes))
    const logIn = { ...pgLogIn(server.url), port: between.port, host: '127.0.0.1' }
    assert.deepEqual(verdict(await attempt('SQLPG', { ...logIn, ...input })), expected)
    assert.equal(between.connections, 1)
    const marker = /'(\w)'/.exec(JSON.stringify(input))?.[1] ?? '-'
    // The server may still be at it when the connection is gone.
    for (let look = 0; look < 100; look += 1) {
      const { rowCount } = await direct.query(`SELECT FROM ${table} WHERE mode = $1`, [marker])
      if (rowCount === rows) return
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    assert.fail(`not ${rows} rows`)
  })

/** Commits what it inserts, and then fails in a way that leaves nothing of an ordinary statement. */
async function procedure(name: string, sqlState: string): Promise<string> {
  await direct.query(
    `CREATE OR REPLACE PROCEDURE ${name}() LANGUAGE plpgsql AS $$ BEGIN
       ${insert(name)}; COMMIT;
       RAISE EXCEPTION USING ERRCODE = '${sqlState}';
     END $$`,
  )
  return name
}

const CALLED = [
  'CALL p()',
  '-- month end\nCALL p()',
  '-- month end\rCALL p()',
  '/* app /* nested */ */ ; CALL p()',
  ' \n--\n/**/call p()',
  '--\nDO $$ BEGIN CALL p(); END $$',
]
const OF_PROCEDURE: readonly (readonly [string, object])[] = [
  ['40001', { code: 'REJECTED', outcome: 'known' }],
  ['40P01', { code: 'REJECTED', outcome: 'known' }],
  ['57014', { code: 'TIMED_OUT', outcome: 'unknown' }],
  ['42501', { code: 'PERMISSION_DENIED', outcome: 'unknown' }],
]
for (const [sqlState, expected] of OF_PROCEDURE)
  test(`a procedure that commits and then fails with ${sqlState} is not told as undone, nor repeated`, async () => {
    const name = await procedure(`p_${process.pid}_${sqlState.toLowerCase()}`, sqlState)
    for (const text of CALLED) {
      const execute = text.replace('p()', `${name}()`)
      const result = await attempt('SQLPG', { ...pgLogIn(server.url), execute })
      assert.deepEqual(
        verdict(result),
        { ...expected, phase: 'wait', repeatable: false },
        JSON.stringify(text),
      )
      assert.ok(!result.ok)
      assert.doesNotMatch(result.error.message, /nothing was changed/)
    }
    const { rowCount } = await direct.query(`SELECT FROM ${table} WHERE mode = $1`, [name])
    assert.equal(rowCount, CALLED.length)
    await direct.query(`DROP PROCEDURE ${name}`)
  })

test('a procedure within a transaction commits nothing, and may be repeated as that', async () => {
  const execute = `DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '40001'; END $$`
  const input = { ...pgLogIn(server.url), execute, autocommit: false }
  assert.deepEqual(verdict(await attempt('SQLPG', input)), {
    code: 'REJECTED',
    phase: 'wait',
    outcome: 'known',
    repeatable: true,
  })
})

test('a server that greets with garbage breaks the protocol or ends the log in, with nothing sent', async () => {
  await using rogue = await listen((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))
  const logIn = { ...pgLogIn(server.url), port: rogue.port, host: '127.0.0.1' }
  const result = verdict(
    await attempt('SQLPG', { ...logIn, fetchval: 'SELECT 1', connect_timeout: 1 }),
  )
  assert.deepEqual([result['outcome'], result['phase']], ['none', 'authenticate'])
})

const MALFORMED: readonly (readonly [string, string])[] = [
  ['a row without a body', '4400000004'],
  ['fewer columns than none', '5400000006ffff'],
  ['an error without an end', '450000000553'],
]
for (const [name, packet] of MALFORMED)
  test(`a server that sends ${name} ends the attempt and nothing else`, async () => {
    const bytes = Buffer.from(packet, 'hex')
    await using rogue = await listen((socket) => socket.once('data', () => socket.write(bytes)))
    await using between = await listen(proxy('SELECT mode', (socket) => socket.write(bytes)))
    const failed = async (port: number): Promise<Record<string, unknown>> => {
      const logIn = { ...pgLogIn(server.url), port, host: '127.0.0.1' }
      return verdict(await attempt('SQLPG', { ...logIn, fetch: `SELECT mode FROM ${table}` }))
    }
    const expected = { code: 'PROTOCOL', repeatable: false }
    const inLogIn = { ...expected, phase: 'authenticate', outcome: 'none' }
    assert.deepEqual(await failed(rogue.port), inLogIn)
    const { phase: _phase, ...later } = await failed(between.port)
    assert.deepEqual(later, { ...expected, outcome: 'unknown' })
  })

// Codes 3, in clear, and 5, hashed with a salt.
const IN_CLEAR = '520000000800000003'
const HASHED = '520000000c0000000501020304'
for (const [when, asked] of [
  ['at once', [IN_CLEAR]],
  ['once it has had a hash of it', [HASHED, IN_CLEAR]],
] as const)
  test(`a server that asks for the password in clear ${when} does not get it`, async () => {
    let heard = ''
    await using rogue = await listen((socket) => {
      const questions = asked.map((packet) => Buffer.from(packet, 'hex'))
      socket.on('data', (chunk) => {
        heard += chunk.toString('latin1')
        socket.write(questions.shift() ?? '')
      })
    })
    const authentication = {
      authentication_method: 'username_password',
      username: 'u',
      password: 'not-for-strangers',
    }
    const logIn = { ...pgLogIn(server.url), port: rogue.port, host: '127.0.0.1', authentication }
    const result = verdict(
      await attempt('SQLPG', { ...logIn, fetchval: 'SELECT 1', connect_timeout: 2 }),
    )
    assert.doesNotMatch(heard, /not-for-strangers/)
    assert.deepEqual(result, {
      code: 'AUTHENTICATION_FAILED',
      phase: 'authenticate',
      outcome: 'none',
      repeatable: false,
    })
  })

test('a cancel in the log in ends the attempt with nothing sent', async () => {
  const controller = new AbortController()
  await using silent = await listen((socket) => socket.once('data', () => controller.abort()))
  const logIn = { ...pgLogIn(server.url), port: silent.port, host: '127.0.0.1' }
  const result = verdict(
    await attempt('SQLPG', { ...logIn, fetchval: 'SELECT 1' }, { signal: controller.signal }),
  )
  assert.deepEqual(result, {
    code: 'CANCELLED',
    phase: 'authenticate',
    outcome: 'none',
    repeatable: false,
  })
})

test('a cancel that the server never answers ends within six seconds, outcome unknown', async () => {
  const controller = new AbortController()
  const target = new URL(server.url)
  // The first connection goes through until the statement; everything later is swallowed.
  await using between = await listen((socket, number) => {
    if (number > 1) return
    const upstream = connect(Number(target.port), target.hostname)
    upstream.on('error', () => undefined)
    socket.on('close', () => upstream.destroy())
    upstream.on('data', (chunk) => socket.write(chunk))
    socket.on('data', (chunk) => {
      if (chunk.includes('INSERT INTO')) controller.abort()
      else upstream.write(chunk)
    })
  })
  const logIn = { ...pgLogIn(server.url), port: between.port, host: '127.0.0.1' }
  const started = performance.now()
  const result = verdict(
    await attempt('SQLPG', { ...logIn, execute: insert('g') }, { signal: controller.signal }),
  )
  assert.deepEqual(result, {
    code: 'CANCELLED',
    phase: 'wait',
    outcome: 'unknown',
    repeatable: false,
  })
  assert.ok(performance.now() - started < 20_000)
  assert.equal(between.connections, 2)
})
