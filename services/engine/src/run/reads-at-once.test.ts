import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { Command } from '@millrace/replay'
import { newId } from '@millrace/runtime'
import { createExecutions, saveFile, writeContent } from '@millrace/store'
import { newExecution, startTestStore } from '@millrace/store/testing'
import { answerCommands } from './answer-commands.ts'
import { createCollected } from './collected.ts'
import { newHeld } from './held-fixture.ts'

const store = await startTestStore()
const { db, workspaceId } = store
after(() => store.close())

const MIB = 2 ** 20

test('what code reads at once is read up to what can be replayed, and no further', async () => {
  const piece = Buffer.alloc(MIB, 'x')
  const bytes = Array.from({ length: 8 }, () => piece)
  const content = await writeContent(db, { workspaceId, bytes, maxBytes: 8 * MIB })
  const file = { workspaceId, name: 'large', content, contentType: null, by: null }
  await saveFile(db, file)
  const id = newId()
  const input = JSON.stringify('x'.repeat(8 * MIB))
  await createExecutions(db, [newExecution({ workspaceId, id, input })])

  const get = { kind: 'file_get', name: 'large' } as const
  const read = { kind: 'read', id, fields: ['input_value'] } as const
  const commands: Command[] = [
    ...Array.from({ length: 3 }, () => ({ ...get, as: 'text' as const })),
    ...Array.from({ length: 3 }, () => read),
    { ...get, as: 'text' as const },
    { ...get, as: 'facts' as const },
    { kind: 'sleep' as const, seconds: 1 },
  ].map((command, at): Command => ({ seq: at + 1, ...command }))
  const collected = createCollected()
  const asked = { collected, commands, publicUrl: 'http://x' }
  const local = await answerCommands(db, newHeld({ workspaceId }), asked)
  assert.deepEqual(
    local.map(({ outcome }) => (outcome.kind === 'error' ? outcome.error.name : outcome.kind)),
    [
      ...Array.from({ length: 5 }, () => 'value'),
      'InvalidInputError',
      'InvalidInputError',
      'value',
    ],
  )
  assert.equal(collected.waits.length, 1, 'the rest is dealt with')
})
