import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { type Home, openHome } from './home.ts'
import { createPostgres, waitForPostgres } from './postgres.ts'

describe('our own Postgres', () => {
  let home: Home
  beforeEach(() => {
    home = openHome(mkdtempSync(join(tmpdir(), 'millrace-postgres-')))
  })
  afterEach(() => rmSync(home.path, { recursive: true, force: true }))

  it('is not started with a password that was made up for a folder that has one', async () => {
    mkdirSync(home.postgres)
    writeFileSync(join(home.postgres, 'PG_VERSION'), '18\n')
    const events = { onDeath: () => undefined, onUnrecorded: () => undefined }
    await assert.rejects(
      createPostgres(home, { sharedBuffersMib: 16, walBuffersMib: 1 }, events),
      new RegExp(`${home.postgresPassword} is missing`),
    )
    assert.equal(existsSync(home.postgresPassword), false)
  })

  it('is not waited for when it refuses the password', async () => {
    const server = await refusing(['57P03', '28P01'])
    try {
      await assert.rejects(wait(server, { tellEveryMs: 60_000, tell: () => undefined }), {
        message: new RegExp(`refuses .*28P01.*${home.postgresPassword}`),
      })
    } finally {
      server.close()
    }
  })

  it('is waited for while it comes up, and what it says meanwhile is told', async () => {
    const server = await refusing(['57P03'])
    try {
      const enough = new AbortController()
      const told: string[] = []
      const tell = (why: string): void => {
        told.push(why)
        if (told.length === 2) enough.abort(new Error('enough'))
      }
      await assert.rejects(wait(server, { tellEveryMs: 1, tell }, enough.signal), /enough/)
      assert.deepEqual(told, ['refused with 57P03', 'refused with 57P03'])
    } finally {
      server.close()
    }
  })

  const wait = (
    server: Server,
    telling: { tellEveryMs: number; tell: (why: string) => void },
    signal = new AbortController().signal,
  ): Promise<void> => {
    const { port } = server.address() as AddressInfo
    return waitForPostgres(
      { home, url: `postgres://u:p@127.0.0.1:${port}/d` },
      { signal, ...telling },
    )
  }
})

/** Speaks as much of Postgres's protocol as a refusal takes: these in turn, the last one for ever. */
async function refusing(sqlstates: readonly string[]): Promise<Server> {
  let asked = 0
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.once('data', () => {
      const code = sqlstates[Math.min(asked++, sqlstates.length - 1)]
      const fields = Buffer.from(`SFATAL\0VFATAL\0C${code}\0Mrefused with ${code}\0\0`)
      const head = Buffer.from('E\0\0\0\0')
      head.writeInt32BE(fields.length + 4, 1)
      socket.end(Buffer.concat([head, fields]))
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}
