import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { isEnded } from '@millrace/execution'
import { answerWaits, patchExecution, readWaits } from '@millrace/store'
import { type EngineFixture, startEngineFixture } from './engine-fixture.ts'

/** What `self.name` shows, whoever renames the execution meanwhile. */

let engine: EngineFixture
before(async () => {
  engine = await startEngineFixture()
})
after(() => engine[Symbol.asyncDispose]())

/**
 * Each time it goes on it hands on its name as an argument of a recorded call. It sleeps for less than a
 * minute: what sleeps for longer is not kept warm.
 */
const SOURCE = `export default async (system, self) => {
  const seen = [self.name, await self.get('name')]
  self.save({ message: 'begun as ' + self.name })
  await self.sleep(50)
  self.save({ message: 'still ' + self.name })
  self.save({ name: 'own' })
  seen.push(self.name)
  await self.sleep(50)
  self.save({ message: 'ended as ' + self.name })
  return [...seen, self.name]
}`

for (const born of ['given', undefined])
  for (const [how, restarts] of [
    ['goes on warm', false],
    ['is replayed', true],
  ] as const)
    test(`what was born as ${born ?? 'nobody'} sees its own names when it ${how}`, async () => {
      const id = await engine.start(SOURCE, born)
      for (let answered = 0; answered < 2; answered++) {
        const parked = await engine.until(
          id,
          (row) => isEnded(row.status) || (row.status === 'SCHEDULED' && row.answered === answered),
        )
        assert.equal(parked.status, 'SCHEDULED', parked.message ?? '')
        const key = { workspaceId: engine.workspaceId, id }
        await patchExecution(engine.db, key, { name: `renamed ${answered}` })
        if (restarts) await engine.restart()
        await wake(id)
      }
      const ended = await engine.until(id, (row) => isEnded(row.status))
      const name = born ?? null
      assert.equal(ended.message, 'ended as own')
      assert.deepEqual(JSON.parse(ended.output ?? ''), [name, name, 'own', 'own'])
      assert.equal(ended.name, 'renamed 1', 'people see what it was called last')
    })

async function wake(executionId: string): Promise<void> {
  const key = { workspaceId: engine.workspaceId, executionId }
  const [wait] = await readWaits(engine.db, key)
  const outcome = { kind: 'value', value: { v: null } } as const
  const items = await answerWaits(engine.db, [
    { ...key, generation: 1, seq: wait?.seq ?? 0, outcome },
  ])
  await engine.bus.publishDispatch('engine', items)
}
