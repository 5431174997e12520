import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { describe, it } from 'node:test'

const module = JSON.stringify(new URL('./index.ts', import.meta.url).href)

describe('a service process', () => {
  it('stops in order when told to, and exits with 0', async () => {
    const service = start(`create: async (signal, { log, processId }) => {
      signal.addEventListener('abort', () => log.info({ reason: signal.reason.message }, 'told'))
      return { ready: () => true, [Symbol.asyncDispose]: async () => { await sleep(20); log.info('disposed') } }
    }`)
    await service.saw('started')
    service.kill('SIGTERM')
    assert.equal(await service.exited, 0)
    assert.deepEqual(service.messages(), ['started', 'stopping', 'told', 'disposed', 'stopped'])
    assert.match(String(service.lines[0]?.['process_id']), /^[\da-f-]{36}$/)
  })

  it('exits with 1 and the reason when it cannot start', async () => {
    const service = start(`create: () => Promise.reject(new Error('no Postgres'))`)
    assert.equal(await service.exited, 1)
    assert.deepEqual(service.messages(), ['failed'])
    assert.match(JSON.stringify(service.lines[0]), /no Postgres/)
  })

  it('exits with 0 when told to stop while it starts', async () => {
    const service = start(`create: async (signal, { log }) => {
      log.info('starting')
      await sleep(60_000, signal)
    }`)
    await service.saw('starting')
    service.kill('SIGINT')
    assert.equal(await service.exited, 0)
    assert.deepEqual(service.messages(), ['starting', 'stopping', 'stopped'])
  })

  it('ends at once at a second signal, and at an error that nobody caught', async () => {
    const stuck = start(`create: async () => ({
      ready: () => true, [Symbol.asyncDispose]: () => sleep(60_000) })`)
    await stuck.saw('started')
    stuck.kill('SIGTERM')
    await stuck.saw('stopping')
    stuck.kill('SIGTERM')
    assert.equal(await stuck.exited, 1)

    const broken = start(`create: async () => {
      after(10, () => { throw new Error('a bug') })
      return { ready: () => true, [Symbol.asyncDispose]: async () => {} } }`)
    assert.equal(await broken.exited, 1)
    // In either order: the error may come before the service says that it has started.
    assert.deepEqual(broken.messages().toSorted(), ['started', 'uncaught error'])
  })

  it('does not linger for what it forgot to close', async () => {
    const service = start(`create: async () => {
      setInterval(() => {}, 1_000)
      return { ready: () => true, [Symbol.asyncDispose]: async () => {} } }`)
    await service.saw('started')
    service.kill('SIGTERM')
    assert.equal(await service.exited, 0)
  })
})

function start(create: string) {
  const source = `import { after, runService, sleep } from ${module}
    await runService({ name: 'test', ${create} })
    `
  const child = spawn(process.execPath, ['--input-type=module', '-e', source], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const lines: Record<string, unknown>[] = []
  const messages = (): unknown[] => lines.map((line) => line['message'])
  let check = (): void => undefined
  createInterface(child.stdout).on('line', (line) => {
    lines.push(JSON.parse(line) as Record<string, unknown>)
    check()
  })
  return {
    lines,
    messages,
    kill: (signal: NodeJS.Signals) => child.kill(signal),
    exited: new Promise((resolve) => child.once('close', resolve)),
    saw: (message: string) =>
      new Promise<void>((resolve, reject) => {
        child.once('close', () => reject(new Error(`ended without ${message}`)))
        check = () => void (messages().includes(message) && resolve())
        check()
      }),
  }
}
