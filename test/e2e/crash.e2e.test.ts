import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Execution, isEnded, LIVE_STATUSES } from '@millrace/client'
import {
  createRig,
  type HttpTarget,
  type Rig,
  type Stack,
  startHttpTarget,
  startStack,
  until,
} from '../stack/index.ts'
import { waitKinds } from './waits.ts'

const SERVICES = ['gateway', 'scheduler', 'lock-manager', 'engine', 'connector'] as const

/**
 * What a run of this has done can be added up afterwards: the recorded step must not change, the
 * child must be one, the third party must be called once.
 */
const WORK = `
  const first = await self.step('chance', () => Math.random())
  const child = await self.script('export default (system, self, inputs) => inputs.n * 2', { n: inputs.n })
  await self.sleep(inputs.seconds)
  await self.connect({ connector_type: 'REST', url: inputs.url, mode: { mode_name: 'put', body: { body_type: 'json', json: { n: inputs.n } } } })
  const again = await self.step('chance', () => Math.random())
  return { n: inputs.n, twice: child.output, first, differs: first !== again }`

describe('crashes', { timeout: 300_000 }, () => {
  let stack: Stack
  let rig: Rig
  let target: HttpTarget

  before(async () => {
    target = await startHttpTarget()
    stack = await startStack({ ownNats: true })
    rig = createRig(stack.client)
  })
  after(async () => {
    await stack.stop()
    await target[Symbol.asyncDispose]()
  })

  const startWork = (count: number, path: string, seconds = 0.5) =>
    Promise.all(
      Array.from({ length: count }, (_, n) =>
        rig.start(WORK, { n, seconds, url: `${target.url}${path}/${n}` }),
      ),
    )

  /** Everything reached its end, once, with the right result, and nothing left twice. */
  const checkWork = async (
    started: readonly Execution[],
    path: string,
    options: { callsAtMost?: number } = {},
  ) => {
    const ends = await Promise.all(started.map(({ id }) => rig.ended(id, 90)))
    for (const [n, end] of ends.entries()) {
      assert.equal(end.status, 'ENDED_SUCCESS', `${end.id}: ${end.message}`)
      const output = end.output_value as { n: number; twice: number; differs: boolean }
      assert.deepEqual([output.n, output.twice, output.differs], [n, n * 2, true])
      const children = await rig.children(end.id)
      assert.deepEqual(children.map((child) => child.type).toSorted(), ['CONNECTION', 'SCRIPT'])
      const calls = target.count(`${path}/${n}`)
      assert.ok(
        calls >= 1 && calls <= (options.callsAtMost ?? 1),
        `${path}/${n} was called ${calls} times`,
      )
    }
  }

  test('an engine that dies while executions wait in every way loses none of them', async () => {
    const own = await startHttpTarget()
    const kinds = waitKinds(() => own)
    const waiting = await Promise.all(kinds.map((kind) => kind.reach(rig)))
    await stack.killAndAwait('engine')
    await Promise.all(kinds.map((kind, index) => kind.letGo(rig, waiting[index] ?? assert.fail())))
    const ends = await Promise.all(waiting.map(({ id }) => rig.ended(id, 60)))
    assert.deepEqual(
      ends.map((end) => [end.status, end.output_value]),
      kinds.map((kind) => ['ENDED_SUCCESS', kind.output]),
      ends.map((end) => end.message).join('\n'),
    )
    await own[Symbol.asyncDispose]()
  })

  test('an engine that dies in the middle of an activation: another one does it again', async () => {
    const started = await rig.start(`
      const first = await self.step('chance', () => Math.random())
      self.setOutput('first', first)
      await self.sleep(0.05)
      let n = 0; for (let i = 0; i < 4e8; i += 1) n += i % 3
      self.setOutput('again', await self.step('chance', () => first))`)
    const running = await until(
      async () => {
        const now = await stack.client.executions.get(started.id)
        return now.status === 'AT_ENGINE' && now.output_value !== null ? now : null
      },
      { what: 'the loop runs' },
    )
    await stack.killAndAwait('engine')
    const ended = await rig.ended(started.id, 60)
    assert.equal(ended.status, 'ENDED_SUCCESS', ended.message ?? '')
    const { first } = running.output_value as { first: number }
    assert.deepEqual(ended.output_value, { first, again: first })
    assert.ok(ended.epoch > running.epoch)
  })

  test('engines that die again and again while fifty flows run', async () => {
    const started = await startWork(50, '/engines', 1)
    for (let n = 0; n < 3; n += 1) {
      await stack.killAndAwait('engine')
      await until(
        async () =>
          (await stack.client.executions.list({
            filter: { field: 'status', op: 'in', value: LIVE_STATUSES },
            limit: 1,
          })) !== null,
        { what: 'an answer' },
      )
    }
    await checkWork(started, '/engines')
  })

  test('a connector that dies during a call does not repeat what may have happened, and says so', async () => {
    const call = (mode: string) =>
      rig.start(
        `try { return (await self.connect({ connector_type: 'REST', url: inputs.url, mode: { mode_name: '${mode}' }, total_timeout: 60, read_timeout: 60 })).status }
         catch (error) { return [error.code, error.outcome] }`,
        { url: `${target.url}/hang/${mode}` },
      )
    const [post, get] = [await call('post'), await call('get')]
    await until(() => target.count('/hang/post') === 1 && target.count('/hang/get') === 1, {
      what: 'both calls have arrived',
    })
    await stack.killAndAwait('connector')
    await until(() => target.count('/hang/get') === 2, {
      what: 'the GET comes again',
      timeoutMs: 40_000,
    })
    target.letGo('/hang/get')
    assert.deepEqual((await rig.ended(post.id, 60)).output_value, ['OUTCOME_UNKNOWN', 'unknown'])
    assert.equal((await rig.ended(get.id, 60)).output_value, 'ENDED_SUCCESS')
    assert.equal(target.count('/hang/post'), 1)
  })

  test('all five services die at once in the middle of fifty flows', async () => {
    const started = await startWork(50, '/services')
    for (const service of SERVICES) stack.kill(service)
    await stack.ready()
    // A PUT is idempotent, so one that was under way may be sent again.
    await checkWork(started, '/services', { callsAtMost: 3 })
  })

  test('NATS is stopped, wiped and started while fifty flows run', async () => {
    const nats = stack.nats ?? assert.fail()
    const before = await startWork(25, '/nats-before')
    await nats.kill()
    // Accepted while nobody can be told of them: the sweep finds them when NATS is back.
    const during = await startWork(25, '/nats-during')
    await nats.wipe()
    await nats.start()
    const afterwards = await startWork(5, '/nats-after')
    await checkWork(before, '/nats-before')
    await checkWork(during, '/nats-during')
    await checkWork(afterwards, '/nats-after')
  })

  test('Postgres is restarted while fifty flows run', async () => {
    const started = await startWork(50, '/postgres')
    await stack.restartPostgres()
    await stack.ready()
    await checkWork(started, '/postgres', { callsAtMost: 3 })
  })

  test('a power cut takes everything, and a second start on the same home goes on where it was', async () => {
    const own = await startHttpTarget()
    const kinds = waitKinds(() => own)
    const waiting = await Promise.all(kinds.map((kind) => kind.reach(rig)))
    const started = await startWork(20, '/power', 2)
    await stack.killAll()
    await stack.nats?.wipe()

    const former = stack
    stack = await startStack({ home: former.home, ownNats: true })
    rig = createRig(stack.client)
    assert.equal(stack.credentials.api_key, former.credentials.api_key)
    await Promise.all(kinds.map((kind, index) => kind.letGo(rig, waiting[index] ?? assert.fail())))
    const ends = await Promise.all(waiting.map(({ id }) => rig.ended(id, 60)))
    assert.deepEqual(
      ends.map((end) => end.output_value),
      kinds.map((kind) => kind.output),
    )
    await checkWork(started, '/power', { callsAtMost: 3 })
    await former.nats?.stop()
    await own[Symbol.asyncDispose]()
  })

  test('a stop in order leaves nothing running, and the next start goes on', async () => {
    const sleeper = await rig.start(`await self.sleep(3); return 'awake'`)
    await rig.reaches(sleeper.id, 'SCHEDULED')
    const pids = SERVICES.flatMap((service) => stack.pidsOf(service))
    assert.ok(pids.length >= SERVICES.length)
    const { home } = stack
    await stack.stop({ keepHome: true })
    assert.deepEqual(
      SERVICES.flatMap((service) => stack.pidsOf(service)),
      [],
    )
    stack = await startStack({ home, ownNats: true })
    rig = createRig(stack.client)
    assert.equal((await rig.ended(sleeper.id)).output_value, 'awake')
  })

  test('no execution is left over', async () => {
    const live = await Array.fromAsync(
      stack.client.executions.iterate({
        filter: { field: 'status', op: 'in', value: LIVE_STATUSES },
      }),
    )
    const lost = live.filter((execution) => !isEnded(execution) && execution.status === 'LOST')
    assert.deepEqual(
      lost.map(({ id }) => id),
      [],
    )
  })
})
