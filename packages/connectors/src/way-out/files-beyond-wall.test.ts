import assert from 'node:assert/strict'
import net from 'node:net'
import { after, before, test } from 'node:test'
import { type TestPostgres, startPostgres } from '@millrace/testkit'
import pg from 'pg'
import { createAttempt } from '../attempt.ts'
import { createMasker } from '../mask.ts'
import { attempt } from '../testing/attempts.ts'
import { serveHttp } from '../testing/http-server.ts'
import { NO_FILES, type WorkspaceFiles } from '../workspace-files.ts'
import { filesBeyondWall } from './files-beyond-wall.ts'
import { createPolicy } from './policy.ts'
import { withWall } from './wall.ts'

const TABLE = `beyond_wall_${process.pid}`
const PIECES = ['a piece, ', 'another piece, ', 'and the last']

let server: TestPostgres
let pool: pg.Pool
before(async () => {
  server = await startPostgres()
  // Every query opens a connection.
  pool = new pg.Pool({ connectionString: server.url, maxUses: 1 })
  await pool.query(`CREATE TABLE ${TABLE} (name text, ordinal int, piece text)`)
  for (const [ordinal, piece] of PIECES.entries()) await store('from', ordinal, piece)
})
after(async () => {
  await pool.query(`DROP TABLE ${TABLE}`)
  await pool.end()
  await server.stop()
})

const store = (name: string, ordinal: number, piece: string): Promise<unknown> =>
  pool.query(`INSERT INTO ${TABLE} VALUES ($1, $2, $3)`, [name, ordinal, piece])

async function* read(name: string): AsyncGenerator<Buffer> {
  for (let ordinal = 0; ; ordinal += 1) {
    const { rows } = await pool.query<{ piece: string }>(
      `SELECT piece FROM ${TABLE} WHERE name = $1 AND ordinal = $2`,
      [name, ordinal],
    )
    if (rows[0] === undefined) return
    yield Buffer.from(rows[0].piece)
  }
}

const files: WorkspaceFiles = {
  maxBytes: Infinity,
  async find(name) {
    const { rows } = await pool.query<{ size: number }>(
      `SELECT sum(length(piece))::int AS size FROM ${TABLE} WHERE name = $1`,
      [name],
    )
    return { name, size: rows[0]?.size ?? 0, contentType: null, read: () => read(name) }
  },
  async save({ name, bytes }) {
    let ordinal = 0
    for await (const piece of bytes) await store(name, ordinal++, Buffer.from(piece).toString())
    return { size: ordinal, hash: '' }
  },
}

/** As in a connector: all that is here may be reached, but not our own Postgres. */
const policy = () => {
  const own = { address: '127.0.0.1', port: Number(new URL(server.url).port) }
  return createPolicy({ allowedRanges: ['127.0.0.0/8'], forbidden: () => [own] })
}

test('files are found, read and stored by connections to our own Postgres that are opened for it', async () => {
  await using echo = await serveHttp((request, response) => void request.pipe(response))
  const input = {
    url: echo.url,
    mode: { mode_name: 'post', body: { body_type: 'file', source_file_name: 'from' } },
    destination: { destination_file_name: 'to' },
  }
  const result = await attempt('REST', input, { files, policy: policy() })
  assert.ok(result.ok, JSON.stringify(result))
  assert.equal(Buffer.concat(await Array.fromAsync(read('to'))).toString(), PIECES.join(''))
})

test('what an attempt gives to be stored is still read within the wall', async () => {
  const one = createAttempt({
    policy: policy(),
    signal: new AbortController().signal,
    totalTimeoutMs: 5_000,
    idempotencyKey: 'k',
    mask: createMasker([]),
  })
  const { port } = new URL(server.url)
  async function* dialling(): AsyncGenerator<Buffer> {
    yield Buffer.from('one')
    await new Promise((resolve, reject) => {
      const socket = net.connect(Number(port), '127.0.0.1', () => resolve(socket.destroy()))
      socket.once('error', reject)
    })
  }
  const { save } = filesBeyondWall({
    ...NO_FILES,
    save: async ({ bytes }) => ({ size: (await Array.fromAsync(bytes)).length, hash: '' }),
  })
  const saved = withWall(one, () => save({ name: 'a', bytes: dialling(), contentType: null }))
  await assert.rejects(saved, { code: 'REFUSED_BY_POLICY' })
  one.dispose()
})
