import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { until, useStack } from '../../stack/index.ts'
import { isAlive } from '../../stack/processes.ts'
import { createRng } from '../rng.ts'
import { fakeClock } from './clock.ts'
import { crashAtWrite } from './crash-point.ts'
import {
  ackPending,
  killNats,
  natsUrl,
  startHoard,
  wipeRunningNats,
  wipeStoppedNats,
} from './nats.ts'
import { crashPostgres, failFsync, killBackend, postgresUrl, terminateBackend } from './postgres.ts'
import { descendantsOf, freeze, killWithChildren, restartInOrder, runningPid } from './process.ts'
import { isMissing, requireFaketime, requireStrace } from './tools.ts'

/** Each fault hits a real stack, and the stack serves again when it is over. */
describe('faults on a stack', { timeout: 240_000 }, () => {
  const at = useStack(undefined, { engines: 2 })

  const stateOf = (pid: number): string =>
    /^State:\s+(\w)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? ''

  const serves = async (): Promise<void> => {
    await until(async () => (await at.rig.output('return inputs.n + 1', { n: 1 })) === 2, {
      what: 'an execution from start to end',
      timeoutMs: 60_000,
    })
  }

  test('kills an engine together with its sandboxes', async () => {
    await serves()
    const n = descendantsOf(await runningPid(at.stack, 'engine', 1)).length > 0 ? 1 : 2
    const pids = await killWithChildren(at.stack, 'engine', n)
    assert.ok(pids.length >= 2, 'there is a sandbox')
    await until(() => pids.every((pid) => !isAlive(pid)), { what: 'all of them dead' })
    await runningPid(at.stack, 'engine', n)
    await serves()
  })

  test('freezes processes for a while', async () => {
    const pid = await runningPid(at.stack, 'scheduler')
    const done = freeze([pid], 300)
    await until(() => stateOf(pid) === 'T', { what: 'it is stopped' })
    await done
    await until(() => stateOf(pid) !== 'T', { what: 'it goes on' })
  })

  test('lets a frozen process go on when the run is over', async () => {
    const pid = await runningPid(at.stack, 'scheduler')
    const over = new AbortController()
    const done = freeze([pid], 60_000, over.signal)
    await until(() => stateOf(pid) === 'T', { what: 'it is stopped' })
    over.abort(new Error('over'))
    await done
    await until(() => stateOf(pid) !== 'T', { what: 'it goes on' })
  })

  test('restarts a service in order', async () => {
    const former = await runningPid(at.stack, 'lock-manager')
    await restartInOrder(at.stack, 'lock-manager')
    assert.notEqual(await runningPid(at.stack, 'lock-manager'), former)
    await serves()
  })

  test(
    'kills a service at its nth write, while it runs and as it starts',
    { skip: isMissing(requireStrace) },
    async () => {
      for (const fromStart of [false, true]) {
        const former = await runningPid(at.stack, 'scheduler')
        const point = { service: 'scheduler', n: 1, nth: 3, fromStart }
        assert.equal(await crashAtWrite(at.stack, point), true)
        assert.equal(isAlive(former), false)
      }
      await serves()
    },
  )

  test(
    'gives a process a clock that moves while it runs',
    { skip: isMissing(requireFaketime) },
    async () => {
      const clock = await fakeClock(at.stack, 'gateway')
      await at.stack.ready()
      // What the gateway says about now, in its Date header.
      const ahead = async (): Promise<number> => {
        const answer = await fetch(`${at.stack.url}/ready`)
        await answer.body?.cancel()
        return (Date.parse(answer.headers.get('date') ?? '') - Date.now()) / 1000
      }
      const isAhead = (seconds: number) =>
        until(async () => Math.abs((await ahead()) - seconds) < 5, { what: `${seconds} s ahead` })
      await isAhead(0)
      clock.set('+3600s')
      await isAhead(3600)
      clock.set('-30s')
      await isAhead(-30)
      clock.set('+0 x2')
      const from = await ahead()
      await until(async () => (await ahead()) - from > 3, { what: 'it gains on the true time' })
      clock.heal()
      await isAhead(0)
      await serves()
    },
  )

  test('ends one session, kills one, and crashes the whole Postgres', async () => {
    const url = postgresUrl(at.stack.home)
    const rng = createRng(1)
    assert.match((await terminateBackend(url, rng)) ?? '', /\w/)
    await serves()
    assert.match((await killBackend(url, rng)) ?? '', /\w/)
    await serves()
    await crashPostgres(at.stack)
    await serves()
    const log = readFileSync(join(at.stack.home, 'log', 'postgres.log'), 'utf8')
    for (const word of [
      'due to administrator command',
      'was terminated by signal 9',
      'immediate shutdown',
    ])
      assert.ok(log.includes(word), word)
  })

  test(
    'fails an fsync of Postgres, which panics and recovers',
    { skip: isMissing(requireStrace) },
    async () => {
      const postmaster = await runningPid(at.stack, 'postgres')
      const failing = failFsync({ url: postgresUrl(at.stack.home), postmaster }, { nth: 1 })
      const started = await at.rig.start('return 1').catch(() => null)
      assert.equal(await failing, true)
      const log = readFileSync(join(at.stack.home, 'log', 'postgres.log'), 'utf8')
      assert.match(log, /PANIC:.*could not fsync|PANIC:.*could not fdatasync/)
      if (started !== null) await at.rig.ended(started.id, 60)
      await serves()
    },
  )

  test('kills NATS, and empties it stopped and running', async () => {
    const former = await runningPid(at.stack, 'nats')
    await killNats(at.stack)
    assert.notEqual(await runningPid(at.stack, 'nats'), former)
    await serves()
    await wipeStoppedNats(at.stack)
    await serves()
    const running = await runningPid(at.stack, 'nats')
    assert.equal(await wipeRunningNats(at.stack), 1)
    await serves()
    assert.equal(await runningPid(at.stack, 'nats'), running)
  })

  test('takes work and never says that it is done', async () => {
    const url = natsUrl(at.stack)
    const hoard = startHoard({ url, stream: 'WORK', consumer: 'engine' })
    await until(
      async () => {
        await at.rig.start('return 1')
        return hoard.taken > 0
      },
      { what: 'work in its hands', timeoutMs: 30_000 },
    )
    assert.ok((await ackPending(url, 'WORK', 'engine')) > 0)
    await hoard[Symbol.asyncDispose]()
    await serves()
  })
})
