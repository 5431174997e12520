import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import type { Command } from '@millrace/replay'
import { newId } from '@millrace/runtime'
import { createDatabase } from '@millrace/store'
import { answerCommands } from './answer-commands.ts'
import { type Collected, createCollected } from './collected.ts'
import type { Held } from './held.ts'
import { newHeld } from './held-fixture.ts'

// Connects when it is first asked, and nothing here asks it.
const db = createDatabase({ url: 'postgres://nowhere', application: 'test', profile: 'hot' })
const MANY = 20_000
const WAITS = 50
const publicUrl = 'http://x'

// Each look that walks the newborn makes minutes of this. Between messages the loop turns, so that the
// guard can end it.
test('many newborn children are found one by one in any number', { timeout: 15_000 }, async () => {
  const parent = held()
  const collected = createCollected()
  const ids = Array.from({ length: MANY }, () => newId())
  await answerCommands(db, parent, { collected, commands: ids.map(startOf), publicUrl })
  const controls = ids.map((id, at): Command => ({
    seq: 2 * MANY + at,
    kind: 'control',
    action: 'resume',
    id,
  }))
  const reads = ids.map((id, at): Command => ({
    seq: 3 * MANY + at,
    kind: 'read',
    id,
    fields: ['status'],
  }))
  const waits = Array.from({ length: WAITS }, (_, at): Command => ({
    seq: 4 * MANY + at,
    kind: 'wait',
    ids,
    returnWhen: 'ALL_ENDED',
    timeout: null,
  }))
  for (const commands of [controls, reads, ...waits.map((wait) => [wait])]) {
    await setImmediate()
    await answerCommands(db, parent, { collected, commands, publicUrl })
  }
  assert.equal(collected.waits.length, MANY + WAITS)
  assert.equal(collected.waits.at(-1)?.members?.length, MANY)
  assert.deepEqual(collected.localOutcomes.get(4 * MANY - 1), {
    kind: 'value',
    value: { v: { status: 'WAITING_ENGINE' } },
  })
  assert.deepEqual(collected.foreign, [], 'none of them was there before')
})

test('who is nobody cannot be waited for', async () => {
  const collected: Collected = createCollected()
  const ids = ['not the id of an execution']
  const wait: Command = { seq: 1, kind: 'wait', ids, returnWhen: 'ALL_ENDED', timeout: null }
  const [local] = await answerCommands(db, held(), { collected, commands: [wait], publicUrl })
  assert.equal(local?.outcome.kind === 'error' && local.outcome.error.name, 'ResourceNotFoundError')
  assert.deepEqual(collected.waits, [])
})

const startOf = (id: string, at: number): Command => ({
  seq: 1 + at,
  kind: 'start',
  run: true,
  child: { id, type: 'CONNECTION', connectorType: 'REST', input: null },
})

const held = (): Held =>
  newHeld({
    inheritance: {
      isProductive: true,
      priority: 0,
      projectId: null,
      createdBy: null,
      scheduleId: null,
      isScheduleWrapped: false,
    },
  })
