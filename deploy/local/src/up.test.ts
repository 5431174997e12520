import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { freePort, monotonicMs, sleep } from '@millrace/runtime'
import pg from 'pg'
import { down } from './down.ts'
import { identityOf } from './process-identity.ts'

const MAIN = fileURLToPath(new URL('../test/stand-in-main.ts', import.meta.url))

describe('make up', { timeout: 120_000 }, () => {
  let home = ''
  let ports: { http: number; grpc: number }
  let stack: Running

  before(async () => {
    home = mkdtempSync(join(tmpdir(), 'millrace-up-'))
    ports = { http: await freePort(), grpc: await freePort() }
    stack = await startUp({ ENGINES: '2' })
  })
  after(async () => {
    await down(home, () => undefined)
    rmSync(home, { recursive: true, force: true })
  })

  it('writes pids, logs and credentials where the contract says', async () => {
    const names = ['postgres', 'nats', 'engine-1', 'engine-2', 'gateway-1', 'lock-manager-1']
    for (const name of names) assert.ok(isAlive(pidOf(name)), name)
    assert.equal(statSync(join(home, 'credentials.json')).mode & 0o777, 0o600)
    const credentials = JSON.parse(readFileSync(join(home, 'credentials.json'), 'utf8')) as object
    assert.deepEqual(credentials, {
      user_name: 'admin',
      password: 'first',
      api_key: 'key',
      url: `http://127.0.0.1:${ports.http}`,
      grpc_url: `127.0.0.1:${ports.grpc}`,
    })
    assert.match(readFileSync(join(home, 'log', 'engine.log'), 'utf8'), /engine postgres:.*nats:/)
    assert.equal(await ask('SHOW fsync'), 'on')
    assert.equal(await ask('SHOW synchronous_commit'), 'on')
    await ask('CREATE TABLE kept AS SELECT 7 AS n')
  })

  it('starts a killed service again by itself', async () => {
    const before_ = pidOf('engine-2')
    const from = monotonicMs()
    process.kill(before_, 'SIGKILL')
    await until(() => pidOf('engine-2') !== before_ && isAlive(pidOf('engine-2')))
    assert.ok(monotonicMs() - from < 10_000)
  })

  it('gives one child what child-env.json sets for it, from its next start on', async () => {
    writeFileSync(
      join(home, 'child-env.json'),
      JSON.stringify({ engine: { MILLRACE_NATS_URL: 'nats://all' }, 'engine-2': { OWN: 'yes' } }),
    )
    const before_ = pidOf('engine-2')
    process.kill(before_, 'SIGKILL')
    await until(() => readFileSync(join(home, 'log', 'engine.log'), 'utf8').includes('nats://all'))
    await until(() => pidOf('engine-2') !== before_ && isAlive(pidOf('engine-2')))
    const environ = readFileSync(`/proc/${pidOf('engine-2')}/environ`, 'utf8')
    assert.match(environ, /OWN=yes/)
    rmSync(join(home, 'child-env.json'))
  })

  it('starts a killed nats-server and a killed Postgres again on the same ports', async () => {
    for (const name of ['nats', 'postgres'] as const) {
      const before_ = pidOf(name)
      process.kill(before_, 'SIGKILL')
      await until(() => pidOf(name) !== before_ && isAlive(pidOf(name)))
    }
    await until(async () => (await ask('SELECT n FROM kept').catch(() => 0)) === 7)
  })

  it('refuses a second supervisor on the same home', async () => {
    const second = run({})
    const [code] = (await once(second.child, 'exit')) as [number]
    assert.equal(code, 1)
    assert.match(second.output(), /is in use by process/)
  })

  it('ends everything in order on SIGTERM', async () => {
    const pids = ['postgres', 'nats', 'engine-1', 'gateway-1'].map(pidOf)
    const from = monotonicMs()
    stack.child.kill('SIGTERM')
    const [code] = (await once(stack.child, 'exit')) as [number]
    assert.equal(code, 0)
    assert.ok(monotonicMs() - from < 60_000)
    assert.deepEqual(pids.filter(isAlive), [])
    assert.equal(existsSync(join(home, 'run', 'engine-1.pid')), false)
  })

  it('goes on where it was after kill -9 of the supervisor itself', async () => {
    stack = await startUp({})
    const orphan = pidOf('engine-1')
    stack.child.kill('SIGKILL')
    await once(stack.child, 'exit')
    assert.ok(isAlive(orphan))
    stack = await startUp({})
    assert.equal(isAlive(orphan), false)
    assert.equal(await ask('SELECT n FROM kept'), 7)
  })

  it('spares a process that has the recorded number but is another', async () => {
    stack.child.kill('SIGTERM')
    await once(stack.child, 'exit')
    const bystander = spawn('sleep', ['60'])
    writeFileSync(
      join(home, 'run', 'engine-9.json'),
      JSON.stringify({ pid: bystander.pid, born: 'x' }),
    )
    writeFileSync(join(home, 'postgres', 'postmaster.pid'), `${bystander.pid}\n`)
    stack = await startUp({})
    assert.ok(isAlive(bystander.pid ?? 0))
    bystander.kill('SIGKILL')
  })

  it('makes the secrets anew when their file was left half written', async () => {
    stack.child.kill('SIGTERM')
    await once(stack.child, 'exit')
    writeFileSync(join(home, 'credentials.json'), '{"user_name": "adm')
    stack = await startUp({})
    assert.match(readFileSync(join(home, 'credentials.json'), 'utf8'), /"password": "anew"/)
  })

  it(
    'is reached at MILLRACE_HTTP_HOST, and says so',
    { skip: process.platform === 'linux' ? false : '127.0.0.2 is an address on Linux alone' },
    async () => {
      stack.child.kill('SIGTERM')
      await once(stack.child, 'exit')
      stack = await startUp({ MILLRACE_HTTP_HOST: '127.0.0.2' })
      const url = `http://127.0.0.2:${ports.http}`
      assert.ok(stack.output().includes(`${url}/api/latest`))
      assert.ok(readFileSync(join(home, 'credentials.json'), 'utf8').includes(`"${url}"`))
    },
  )

  it('is ended by make down', async () => {
    const ended = once(stack.child, 'exit')
    await down(home, () => undefined)
    assert.deepEqual(await ended, [0, null])
  })

  interface Running {
    readonly child: ChildProcess
    readonly output: () => string
  }

  function run(env: Record<string, string>): Running {
    const child = spawn(process.execPath, [MAIN], {
      env: {
        ...process.env,
        MILLRACE_HOME: home,
        MILLRACE_HTTP_PORT: String(ports.http),
        MILLRACE_GRPC_PORT: String(ports.grpc),
        ...env,
      },
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
    return { child, output: () => output }
  }

  async function startUp(env: Record<string, string>): Promise<Running> {
    const running = run(env)
    await until(() => {
      assert.equal(running.child.exitCode, null, running.output())
      return running.output().includes('millrace is ready')
    })
    return running
  }

  const pidOf = (name: string): number => {
    const path = join(home, 'run', `${name}.pid`)
    return existsSync(path) ? Number(readFileSync(path, 'utf8')) : 0
  }

  async function ask(sql: string): Promise<unknown> {
    const url = readFileSync(join(home, 'run', 'postgres.url'), 'utf8').trim()
    const client = new pg.Client({ connectionString: url })
    client.on('error', () => undefined)
    await client.connect()
    try {
      const { rows } = await client.query({ text: sql, rowMode: 'array' })
      return (rows[0] as unknown[] | undefined)?.[0]
    } finally {
      await client.end()
    }
  }
})

const isAlive = (pid: number): boolean => identityOf(pid) !== null

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await sleep(20)
}
