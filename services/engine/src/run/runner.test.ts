import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { isEnded } from '@millrace/execution'
import { createSandbox } from '@millrace/sandbox'
import { answerWaits, readWaits } from '@millrace/store'
import { type EngineFixture, startEngineFixture } from '../engine-fixture.ts'
import { PORTS } from '../service.ts'

let engine: EngineFixture
/** The positions of all answers that have gone into the sandbox. */
let sent: number[]
before(async () => {
  engine = await startEngineFixture({
    ...PORTS,
    createSandbox(options) {
      const sandbox = createSandbox(options)
      return {
        ...sandbox,
        activate(realm, batch) {
          for (const { answers } of batch) sent.push(...answers.map(({ position }) => position))
          return sandbox.activate(realm, batch)
        },
      }
    },
  })
})
beforeEach(() => (sent = []))
after(() => engine[Symbol.asyncDispose]())

const MANY = 50
/** Its code takes an answer, asks something of the engine, and only then takes the next. */
const SOURCE = `export default async (system, self) => {
  const wake = async (at) => { await self.sleep(50); await system.setting('s').set(at); return at }
  return Promise.all(Array.from({ length: ${MANY} }, (_, at) => wake(at)))
}`

for (const how of ['kept warm', 'replayed'] as const)
  test(`the answers of one that was ${how} go into the sandbox once`, async () => {
    const executionId = await engine.start(SOURCE)
    await engine.until(executionId, (row) => row.status === 'SCHEDULED')
    if (how === 'replayed') await engine.restart()
    const key = { workspaceId: engine.workspaceId, executionId }
    const outcome = { kind: 'value', value: { v: null } } as const
    const waits = await readWaits(engine.db, key)
    const items = waits.map(({ seq }) => ({ ...key, generation: 1, seq, outcome }))
    const [answered] = await answerWaits(engine.db, items)
    assert.ok(answered)
    await engine.bus.publishDispatch('engine', [answered])
    const ended = await engine.until(executionId, (row) => isEnded(row.status))
    assert.deepEqual([ended.status, ended.answered], ['ENDED_SUCCESS', MANY])
    assert.deepEqual(
      sent,
      Array.from({ length: MANY }, (_, at) => at + 1),
    )
  })
