import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { freePort } from '@millrace/runtime'
import { down } from './down.ts'
import { openHome } from './home.ts'
import { recordedProcess } from './process-record.ts'

const MAIN = fileURLToPath(new URL('../test/stand-in-main.ts', import.meta.url))

it('a start without nats-server says so, ends and leaves nothing running', async () => {
  const home = mkdtempSync(join(tmpdir(), 'millrace-stack-'))
  const path = join(home, 'path')
  mkdirSync(path)
  linkProgram('setpriv', path) // Postgres is started with it where this runs as root
  const main = spawn(process.execPath, [MAIN], {
    env: {
      ...process.env,
      PATH: path,
      MILLRACE_HOME: home,
      MILLRACE_HTTP_PORT: String(await freePort()),
      MILLRACE_GRPC_PORT: String(await freePort()),
    },
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: 60_000,
    killSignal: 'SIGKILL',
  })
  try {
    const [told, [code, signal]] = await Promise.all([text(main.stderr), once(main, 'exit')])
    assert.match(told, /nats-server is not on the PATH/)
    assert.deepEqual([code, signal], [1, null])
    assert.equal(recordedProcess(openHome(home), 'postgres'), null)
  } finally {
    await down(home, () => undefined)
    rmSync(home, { recursive: true, force: true })
  }
})

function linkProgram(name: string, into: string): void {
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  const folder = folders.find((one) => existsSync(join(one, name)))
  if (folder !== undefined) symlinkSync(join(folder, name), join(into, name))
}
