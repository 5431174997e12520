import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { ApiError } from '@millrace/client'
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

/** Loops for a second or two: the CPU is taken, and nothing is asked of anybody. */
const BUSY = `let n = 0; for (let i = 0; i < 1.5e9; i += 1) n += i % 3; return 'busy done'`

describe('steering executions', { timeout: 240_000 }, () => {
  let stack: Stack
  let rig: Rig
  let target: HttpTarget

  before(async () => {
    target = await startHttpTarget()
    stack = await startStack()
    rig = createRig(stack.client)
  })
  after(async () => {
    await stack.stop()
    await target[Symbol.asyncDispose]()
  })

  const refused = (status: number, words: RegExp) => (error: unknown) => {
    assert.ok(error instanceof ApiError)
    assert.equal(error.status, status)
    assert.match(error.problem.detail ?? '', words)
    return true
  }

  // The kinds need a target, which only exists once the tests run; its address is read late.
  const kinds = waitKinds(
    new Proxy({} as HttpTarget, { get: (_, key) => Reflect.get(target, key) as unknown }),
  )

  for (const kind of kinds) {
    test(`what waits for ${kind.name} is cancelled at once, with the reason`, async () => {
      const execution = await kind.reach(rig)
      const cancelled = await stack.client.executions.cancel(execution.id, {
        message: 'not needed',
      })
      assert.deepEqual([cancelled.status, cancelled.message], ['ENDED_CANCELLED', 'not needed'])
      await kind.letGo(rig, execution).catch(() => undefined)
      assert.equal((await stack.client.executions.get(execution.id)).status, 'ENDED_CANCELLED')
      const children = await rig.children(execution.id)
      for (const child of children)
        assert.equal((await rig.ended(child.id)).status, 'ENDED_CANCELLED')
    })
  }

  for (const kind of waitKinds(
    new Proxy({} as HttpTarget, { get: (_, key) => Reflect.get(target, key) as unknown }),
  )) {
    test(`what waits for ${kind.name} is paused; its answer is kept and counts after resume`, async () => {
      const execution = await kind.reach(rig)
      const paused = await stack.client.executions.pause(execution.id)
      assert.deepEqual([paused.status, paused.is_paused], ['PAUSED', true])
      await kind.letGo(rig, execution)
      await until(
        async () => (await rig.why(execution.id)).waits.every((wait) => wait.kind !== 'DEPENDENCY'),
        { what: 'the answer' },
      ).catch(() => undefined)
      assert.equal((await stack.client.executions.get(execution.id)).status, 'PAUSED')
      await stack.client.executions.resume(execution.id)
      const ended = await rig.ended(execution.id)
      assert.deepEqual(
        [ended.status, ended.output_value],
        ['ENDED_SUCCESS', kind.output],
        ended.message ?? '',
      )
    })

    test(`what waits for ${kind.name} says why, since when and what would free it`, async () => {
      const execution = await kind.reach(rig)
      const why = await rig.why(execution.id)
      assert.equal(why.moving, false)
      assert.equal(why.status, kind.status)
      assert.ok((why.reason ?? '').length > 0)
      assert.ok(why.since !== null && Date.parse(why.since) >= Date.parse(execution.created_at))
      assert.equal(why.waits.length, 1)
      assert.ok((why.waits[0]?.unblock?.length ?? 0) > 0)
      if (kind.status === 'SCHEDULED') assert.ok(why.until !== null)
      await stack.client.executions.cancel(execution.id)
    })
  }

  test('why with chain goes down to what holds everything', async () => {
    const execution = await rig.start(`await self.script(inputs.script)`, {
      script: `export default async (system, self) => { await self.sleep(3600) }`,
    })
    const [child] = await until(
      async () => {
        const children = await rig.children(execution.id)
        return children[0]?.status === 'SCHEDULED' ? children : null
      },
      { what: 'the child sleeps' },
    )
    const why = await stack.client.executions.why(execution.id, { chain: true })
    assert.match(JSON.stringify(why), new RegExp(child?.id ?? 'no child'))
    assert.match(JSON.stringify(why), /SCHEDULED/)
    await stack.client.executions.cancel(execution.id)
  })

  test('an execution created with run: false is PAUSED and starts with resume', async () => {
    const created = await rig.start('return 1', {}, { run: false })
    assert.deepEqual([created.status, created.started_at], ['PAUSED', null])
    await stack.client.executions.resume(created.id)
    assert.equal((await rig.ended(created.id)).output_value, 1)
  })

  test('what is ready but not taken yet is paused, resumed and cancelled', async () => {
    const frozen = stack.kill('engine', 1, 'SIGSTOP')
    try {
      const [one, two] = [await rig.start('return 1'), await rig.start('return 2')]
      assert.equal(one.status, 'WAITING_ENGINE')
      assert.equal((await stack.client.executions.pause(one.id)).status, 'PAUSED')
      assert.equal((await stack.client.executions.cancel(two.id)).status, 'ENDED_CANCELLED')
      process.kill(frozen, 'SIGCONT')
      assert.equal((await stack.client.executions.get(one.id)).status, 'PAUSED')
      await stack.client.executions.resume(one.id)
      assert.equal((await rig.ended(one.id)).output_value, 1)
      assert.equal((await stack.client.executions.get(two.id)).output_value, null)
    } finally {
      process.kill(frozen, 'SIGCONT')
    }
  })

  test('a running loop is cancelled in the middle', async () => {
    const started = await rig.start(BUSY)
    await rig.reaches(started.id, 'AT_ENGINE')
    assert.equal((await stack.client.executions.cancel(started.id)).status, 'ENDED_CANCELLED')
    assert.equal((await rig.run('return 1')).output_value, 1)
    assert.equal((await stack.client.executions.get(started.id)).output_value, null)
  })

  test('a running loop is paused, and does its work again when resumed', async () => {
    const started = await rig.start(BUSY)
    await rig.reaches(started.id, 'AT_ENGINE')
    assert.equal((await stack.client.executions.pause(started.id)).status, 'PAUSED')
    await stack.client.executions.resume(started.id)
    assert.equal((await rig.ended(started.id, 60)).output_value, 'busy done')
  })

  test('cancel goes down the tree but spares orphans and what they have started', async () => {
    await rig.flow(
      'nest',
      `
      if (inputs.depth === 0) return await self.sleep(3600)
      await Promise.all([self.flow('nest', { depth: inputs.depth - 1 }), self.flow('nest', { depth: inputs.depth - 1 })])`,
    )
    const root = await rig.start(`
      await self.flow('nest', { depth: 1 }, { wait: false, orphan: true })
      await self.flow('nest', { depth: 2 })`)
    const all = await until(
      async () => {
        const found = await descendants(root.id)
        return found.length === 10 ? found : null
      },
      { what: 'ten descendants' },
    )
    await stack.client.executions.cancel(root.id)
    const orphan = all.find((one) => one.parent_execution_id === root.id && one.orphan)
    assert.ok(orphan !== undefined)
    const spared = new Set([orphan.id, ...(await descendants(orphan.id)).map((one) => one.id)])
    assert.equal(spared.size, 3)
    for (const one of all) {
      if (!spared.has(one.id)) assert.equal((await rig.ended(one.id)).status, 'ENDED_CANCELLED')
    }
    for (const id of spared) assert.equal((await stack.client.executions.get(id)).ended_at, null)
    await stack.client.executions.cancel(orphan.id)
  })

  test('pause leaves the children alone', async () => {
    const parent = await rig.start(`await self.script(inputs.script); return 'after'`, {
      script: `export default async (system, self) => { await self.sleep(0.5) }`,
    })
    const [child] = await until(
      async () => {
        const children = await rig.children(parent.id)
        return children.length === 1 ? children : null
      },
      { what: 'the child' },
    )
    await stack.client.executions.pause(parent.id)
    assert.equal((await rig.ended(child?.id ?? '')).status, 'ENDED_SUCCESS')
    assert.equal((await stack.client.executions.get(parent.id)).status, 'PAUSED')
    await stack.client.executions.resume(parent.id)
    assert.equal((await rig.ended(parent.id)).output_value, 'after')
  })

  test('a flow cancels, pauses and resumes its own children', async () => {
    const parent = await rig.run(`
      const script = 'export default async (system, self) => { await self.sleep(3600) }'
      const one = await self.script(script, {}, { wait: false })
      const two = await self.script('export default () => 5', {}, { run: false })
      await one.pause()
      const paused = await one.load('status')
      await one.resume()
      await one.cancel()
      await self.waitFor([one], { returnWhen: 'ALL_ENDED' })
      await two.resume()
      await two.wait()
      return [paused, one.status, two.output]`)
    assert.deepEqual(parent.output_value, ['PAUSED', 'ENDED_CANCELLED', 5], parent.message ?? '')
  })

  test('what has ended can neither be cancelled nor paused, and what is not paused not resumed', async () => {
    const ended = await rig.run('return 1')
    await assert.rejects(stack.client.executions.cancel(ended.id), refused(409, /ended/i))
    await assert.rejects(stack.client.executions.pause(ended.id), refused(409, /ended/i))
    const sleeper = await rig.start('await self.sleep(3600)')
    await rig.reaches(sleeper.id, 'SCHEDULED')
    await assert.rejects(stack.client.executions.resume(sleeper.id), refused(409, /paused/i))
    await stack.client.executions.cancel(sleeper.id)
  })

  test('bulk says per execution what came of it, and a dry run touches nothing', async () => {
    const ended = await rig.run('return 1')
    const sleepers = await Promise.all([0, 1].map(() => rig.start('await self.sleep(3600)')))
    const ids = [...sleepers.map(({ id }) => id), ended.id]
    await stack.client.executions.bulk({ action: 'cancel', ids, dry_run: true })
    assert.equal((await stack.client.executions.get(ids[0] ?? '')).ended_at, null)
    const { items } = await stack.client.executions.bulk({ action: 'cancel', ids })
    assert.deepEqual(
      items.map((item) => item.id),
      ids,
    )
    const statuses = await Promise.all(
      ids.map(async (id) => (await stack.client.executions.get(id)).status),
    )
    assert.deepEqual(statuses, ['ENDED_CANCELLED', 'ENDED_CANCELLED', 'ENDED_SUCCESS'])
  })

  async function descendants(id: string): Promise<Awaited<ReturnType<Rig['children']>>> {
    const children = await rig.children(id)
    return [
      ...children,
      ...(await Promise.all(children.map((child) => descendants(child.id)))).flat(),
    ]
  }
})
