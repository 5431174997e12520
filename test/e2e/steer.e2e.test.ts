import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { ApiError } from '@millrace/client'
import { type HttpTarget, type Rig, startHttpTarget, until, useStack } from '../stack/index.ts'
import { waitKinds } from './waits.ts'

/** Loops for a second or two: the CPU is taken, and nothing is asked of anybody. */
const BUSY = `let n = 0; for (let i = 0; i < 4e8; i += 1) n += i % 3; return 'busy done'`

describe('steering executions', { timeout: 240_000 }, () => {
  let target: HttpTarget

  before(async () => {
    target = await startHttpTarget()
  })
  const at = useStack()
  after(async () => {
    await target[Symbol.asyncDispose]()
  })

  const refused = (status: number, words: RegExp) => (error: unknown) => {
    assert.ok(error instanceof ApiError)
    assert.equal(error.status, status)
    assert.match(error.problem.detail ?? '', words)
    return true
  }

  const kinds = waitKinds(() => target)

  for (const kind of kinds) {
    test(`what waits for ${kind.name} is cancelled at once, with the reason`, async () => {
      const execution = await kind.reach(at.rig)
      const cancelled = await at.stack.client.executions.cancel(execution.id, {
        message: 'not needed',
      })
      assert.deepEqual([cancelled.status, cancelled.message], ['ENDED_CANCELLED', 'not needed'])
      assert.equal((await at.stack.client.executions.get(execution.id)).status, 'ENDED_CANCELLED')
      const children = await at.rig.children(execution.id)
      for (const child of children)
        assert.equal((await at.rig.ended(child.id)).status, 'ENDED_CANCELLED')
    })
  }

  for (const kind of kinds) {
    test(`what waits for ${kind.name} is paused; its answer is kept and counts after resume`, async () => {
      const execution = await kind.reach(at.rig)
      const paused = await at.stack.client.executions.pause(execution.id)
      assert.deepEqual([paused.status, paused.is_paused], ['PAUSED', true])
      await kind.letGo(at.rig, execution)
      await until(async () => (await at.rig.why(execution.id)).waits.length === 0, {
        what: 'the answer',
      })
      assert.equal((await at.stack.client.executions.get(execution.id)).status, 'PAUSED')
      await at.stack.client.executions.resume(execution.id)
      const ended = await at.rig.ended(execution.id)
      assert.deepEqual(
        [ended.status, ended.output_value],
        ['ENDED_SUCCESS', kind.output],
        ended.message ?? '',
      )
    })

    test(`what waits for ${kind.name} says why, since when and what would free it`, async () => {
      const execution = await kind.reach(at.rig)
      const why = await at.rig.why(execution.id)
      assert.equal(why.moving, false)
      assert.equal(why.status, kind.status)
      assert.ok((why.reason ?? '').length > 0)
      assert.ok(why.since !== null && Date.parse(why.since) >= Date.parse(execution.created_at))
      assert.equal(why.waits.length, 1)
      assert.ok((why.waits[0]?.unblock?.length ?? 0) > 0)
      if (kind.status === 'SCHEDULED') assert.ok(why.until !== null)
      await at.stack.client.executions.cancel(execution.id)
    })
  }

  test('why with chain goes down to what holds everything', async () => {
    const execution = await at.rig.start(`await self.script(inputs.script)`, {
      script: `export default async (system, self) => { await self.sleep(3600) }`,
    })
    const [child] = await until(
      async () => {
        const children = await at.rig.children(execution.id)
        return children[0]?.status === 'SCHEDULED' ? children : null
      },
      { what: 'the child sleeps' },
    )
    const why = await at.stack.client.executions.why(execution.id, { chain: true })
    assert.match(JSON.stringify(why), new RegExp(child?.id ?? 'no child'))
    assert.match(JSON.stringify(why), /SCHEDULED/)
    await at.stack.client.executions.cancel(execution.id)
  })

  test('an execution created with run: false is PAUSED and starts with resume', async () => {
    const created = await at.rig.start('return 1', {}, { run: false })
    assert.deepEqual([created.status, created.started_at], ['PAUSED', null])
    await at.stack.client.executions.resume(created.id)
    assert.equal((await at.rig.ended(created.id)).output_value, 1)
  })

  test('what is ready but not taken yet is paused, resumed and cancelled', async () => {
    const frozen = at.stack.kill('engine', 1, 'SIGSTOP')
    try {
      const [one, two] = [await at.rig.start('return 1'), await at.rig.start('return 2')]
      assert.equal(one.status, 'WAITING_ENGINE')
      assert.equal((await at.stack.client.executions.pause(one.id)).status, 'PAUSED')
      assert.equal((await at.stack.client.executions.cancel(two.id)).status, 'ENDED_CANCELLED')
      process.kill(frozen, 'SIGCONT')
      assert.equal((await at.stack.client.executions.get(one.id)).status, 'PAUSED')
      await at.stack.client.executions.resume(one.id)
      assert.equal((await at.rig.ended(one.id)).output_value, 1)
      assert.equal((await at.stack.client.executions.get(two.id)).output_value, null)
    } finally {
      process.kill(frozen, 'SIGCONT')
    }
  })

  test('a running loop is cancelled in the middle', async () => {
    const started = await at.rig.start(BUSY)
    await at.rig.reaches(started.id, 'AT_ENGINE')
    assert.equal((await at.stack.client.executions.cancel(started.id)).status, 'ENDED_CANCELLED')
    assert.equal((await at.rig.run('return 1')).output_value, 1)
    assert.equal((await at.stack.client.executions.get(started.id)).output_value, null)
  })

  test('a running loop is paused, and does its work again when resumed', async () => {
    const started = await at.rig.start(BUSY)
    await at.rig.reaches(started.id, 'AT_ENGINE')
    assert.equal((await at.stack.client.executions.pause(started.id)).status, 'PAUSED')
    await at.stack.client.executions.resume(started.id)
    assert.equal((await at.rig.ended(started.id, 60)).output_value, 'busy done')
  })

  test('cancel goes down the tree but spares orphans and what they have started', async () => {
    await at.rig.flow(
      'nest',
      `
      if (inputs.depth === 0) return await self.sleep(3600)
      await Promise.all([self.flow('nest', { depth: inputs.depth - 1 }), self.flow('nest', { depth: inputs.depth - 1 })])`,
    )
    const root = await at.rig.start(`
      await self.flow('nest', { depth: 1 }, { wait: false, orphan: true })
      await self.flow('nest', { depth: 2 })`)
    const all = await until(
      async () => {
        const found = await descendants(root.id)
        return found.length === 10 ? found : null
      },
      { what: 'ten descendants' },
    )
    await at.stack.client.executions.cancel(root.id)
    const orphan = all.find((one) => one.parent_execution_id === root.id && one.orphan)
    assert.ok(orphan !== undefined)
    const spared = new Set([orphan.id, ...(await descendants(orphan.id)).map((one) => one.id)])
    assert.equal(spared.size, 3)
    for (const one of all) {
      if (!spared.has(one.id)) assert.equal((await at.rig.ended(one.id)).status, 'ENDED_CANCELLED')
    }
    for (const id of spared) assert.equal((await at.stack.client.executions.get(id)).ended_at, null)
    await at.stack.client.executions.cancel(orphan.id)
  })

  test('pause leaves the children alone', async () => {
    const parent = await at.rig.start(`await self.script(inputs.script); return 'after'`, {
      script: `export default async (system, self) => { await self.sleep(0.5) }`,
    })
    const [child] = await until(
      async () => {
        const children = await at.rig.children(parent.id)
        return children.length === 1 ? children : null
      },
      { what: 'the child' },
    )
    await at.stack.client.executions.pause(parent.id)
    assert.equal((await at.rig.ended(child?.id ?? '')).status, 'ENDED_SUCCESS')
    assert.equal((await at.stack.client.executions.get(parent.id)).status, 'PAUSED')
    await at.stack.client.executions.resume(parent.id)
    assert.equal((await at.rig.ended(parent.id)).output_value, 'after')
  })

  test('a flow cancels, pauses and resumes its own children', async () => {
    const parent = await at.rig.run(`
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

  test('what has ended can neither be cancelled nor paused nor resumed', async () => {
    const ended = await at.rig.run('return 1')
    await assert.rejects(at.stack.client.executions.cancel(ended.id), refused(409, /ended/i))
    await assert.rejects(at.stack.client.executions.pause(ended.id), refused(409, /ended/i))
    await assert.rejects(at.stack.client.executions.resume(ended.id), refused(409, /ended/i))
  })

  test('resume of what is not paused changes nothing, nor does a second pause', async () => {
    const sleeper = await at.rig.start('await self.sleep(3600)')
    const { version } = await at.rig.reaches(sleeper.id, 'SCHEDULED')
    const { executions } = at.stack.client
    const resumed = await executions.resume(sleeper.id)
    assert.deepEqual([resumed.status, resumed.version], ['SCHEDULED', version])
    await executions.pause(sleeper.id)
    const again = await executions.pause(sleeper.id)
    assert.deepEqual([again.status, again.version], ['PAUSED', version + 1])
    await executions.cancel(sleeper.id)
  })

  test('bulk says per execution what came of it, and a dry run touches nothing', async () => {
    const ended = await at.rig.run('return 1')
    const sleepers = await Promise.all([0, 1].map(() => at.rig.start('await self.sleep(3600)')))
    const ids = [...sleepers.map(({ id }) => id), ended.id]
    await at.stack.client.executions.bulk({ action: 'cancel', ids, dry_run: true })
    assert.equal((await at.stack.client.executions.get(ids[0] ?? '')).ended_at, null)
    const { items } = await at.stack.client.executions.bulk({ action: 'cancel', ids })
    assert.deepEqual(
      items.map((item) => item.id),
      ids,
    )
    const statuses = await Promise.all(
      ids.map(async (id) => (await at.stack.client.executions.get(id)).status),
    )
    assert.deepEqual(statuses, ['ENDED_CANCELLED', 'ENDED_CANCELLED', 'ENDED_SUCCESS'])
  })

  async function descendants(id: string): Promise<Awaited<ReturnType<Rig['children']>>> {
    const children = await at.rig.children(id)
    return [
      ...children,
      ...(await Promise.all(children.map((child) => descendants(child.id)))).flat(),
    ]
  }
})
