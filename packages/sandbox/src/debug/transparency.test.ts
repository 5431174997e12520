import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import fc from 'fast-check'
import type { Outcome } from '@millrace/replay'
import { TestRun, testSandbox } from '../testing.ts'
import { effectiveLines } from './compile-debug.ts'
import { flowParts, flowSource } from './random-flow.ts'
import { DebuggedRun } from './testing.ts'

const sandbox = testSandbox()
after(() => sandbox.close())

const KEY = '019aa000-0000-7000-8000-0000000000aa:1'

test(
  'a flow does the same call by call with checks at its lines and without',
  { timeout: 240_000 },
  async () => {
    await fc.assert(
      fc.asyncProperty(flowParts, fc.infiniteStream(fc.nat(1_000)), async (parts, choices) => {
        const source = flowSource(parts)
        const plain = new TestRun(sandbox, source, { key: KEY })
        const debugged = new DebuggedRun(sandbox, source, { key: KEY, workspaceId: 'v' })
        await Promise.all([plain.start(), debugged.start()])
        const stages = [{ entries: plain.history.length, result: plain.last }]
        for (let i = 0; i < 40 && plain.end === null; i++) {
          const { open } = plain.last
          const seq = open[Number(choices.next().value) % open.length] ?? 0
          const outcome = plain.good(seq, i)
          await Promise.all([plain.answer(seq, outcome), debugged.answer(seq, outcome)])
          stages.push({ entries: plain.history.length, result: plain.last })
        }
        assert.deepEqual(debugged.history, plain.history)
        assert.deepEqual(debugged.results, plain.results)
        // What ran without them is replayed with them, as an inspection does.
        for (const [answers, { entries, result }] of stages.entries()) {
          const again = await debugged.run(debugged.starting(entries, answers))
          assert.deepEqual([again.end, again.open, again.entries], [result.end, result.open, []])
        }
        debugged.restart()
        sandbox.forget('w', KEY)
      }),
      { seed: 20_261_123, numRuns: 60 },
    )
  },
)

test(
  'a flow that is stopped at every line writes the same log and comes to the same end',
  { timeout: 240_000 },
  async () => {
    let stops = 0
    await fc.assert(
      fc.asyncProperty(
        flowParts,
        fc.array(fc.nat(1_000), { minLength: 40, maxLength: 40 }),
        async (parts, choices) => {
          const source = flowSource(parts, false)
          const breakpoints = effectiveLines(source, 'javascript')
          const plain = new TestRun(sandbox, source)
          const debugged = new DebuggedRun(sandbox, source, { breakpoints })
          await Promise.all([plain.start(), debugged.start()])
          const runOn = async () => {
            while (debugged.isStopped && stops++ < 10_000) await debugged.go()
          }
          await runOn()
          for (const choice of choices) {
            if (plain.end !== null) break
            const at = choice % plain.last.open.length
            const answer = (run: TestRun): [number, Outcome] => {
              const seq = run.last.open[at] ?? 0
              return [seq, run.good(seq, choice)]
            }
            await Promise.all([
              plain.answer(...answer(plain)),
              debugged.answer(...answer(debugged)),
            ])
            await runOn()
          }
          assert.deepEqual(debugged.end, plain.end)
          assert.deepEqual(debugged.logs, plain.logs)
          const kinds = debugged.history.flatMap(({ kind }) => (kind === 'break' ? [] : [kind]))
          const ends = kinds.filter((kind) => kind === 'step_end').length
          assert.equal(kinds.length - ends, plain.history.length)
          debugged.restart()
        },
      ),
      { seed: 20_261_125, numRuns: 25 },
    )
    assert.ok(stops > 300 && stops < 10_000, `${stops} stops`)
  },
)
