import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import {
  forgetStalePostmaster,
  initialisePostgres,
  runningPostmaster,
  serverCommand,
} from './index.ts'

describe('Postgres on this machine', { timeout: 60_000 }, () => {
  let home = ''
  let folder = ''
  before(() => {
    // Of mode 0700, as a home or /root is: the user that runs Postgres may not enter it.
    home = mkdtempSync(join(tmpdir(), 'millrace-local-postgres-'))
    folder = join(home, 'data')
  })
  after(() => rmSync(home, { recursive: true, force: true }))

  it('makes a data folder whole, and once', async () => {
    mkdirSync(`${folder}.new`) // what a crash in the middle leaves
    await initialisePostgres({ folder, user: 'millrace', password: 'secret', flags: ['--no-sync'] })
    const born = readFileSync(join(folder, 'global', 'pg_control'))
    assert.equal(existsSync(`${folder}.new`), false)
    assert.equal(existsSync(`${folder}.password`), false)
    await initialisePostgres({ folder, user: 'millrace', password: 'other' })
    assert.deepEqual(readFileSync(join(folder, 'global', 'pg_control')), born)
  })

  it('runs a server below a folder that is closed to its user', async () => {
    const server = await start()
    assert.equal(runningPostmaster(folder), server.pid)
    server.kill('SIGINT')
    await once(server, 'exit')
    assert.equal(runningPostmaster(folder), null)
  })

  it('starts although a stranger has the number of a killed server', async () => {
    const stranger = spawn('sleep', ['60'])
    writeFileSync(join(folder, 'postmaster.pid'), `${stranger.pid}\n`)
    forgetStalePostmaster(folder)
    const server = await start()
    server.kill('SIGINT')
    await once(server, 'exit')
    stranger.kill('SIGKILL')
  })

  async function start(): Promise<ChildProcess> {
    const { command, args, options } = serverCommand({ folder, port: await freePort() })
    const child = spawn(command, args, { ...options, stdio: ['ignore', 'ignore', 'pipe'] })
    let output = ''
    for await (const chunk of child.stderr) {
      output += String(chunk)
      if (output.includes('ready to accept connections')) {
        child.stderr.resume()
        return child
      }
    }
    throw new Error(output)
  }
})

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })
}
