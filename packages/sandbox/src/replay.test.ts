import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import fc from 'fast-check'
import { randomCalls, sourceOf } from './random-calls.ts'
import { refused, TestRun, testSandbox } from './testing.ts'

const sandbox = testSandbox()
after(() => sandbox.close())

test(
  'a replay from every prefix makes the same calls with the same winners',
  { timeout: 240_000 },
  async () => {
    await fc.assert(
      fc.asyncProperty(randomCalls, fc.infiniteStream(fc.nat(1_000)), async (root, choices) => {
        const itself = (command: { kind: string; child?: { flow?: string } }) =>
          command.child?.flow === 'unknown'
            ? refused('ResourceNotFoundError', 'no such flow')
            : null
        const run = new TestRun(sandbox, sourceOf(root), { itself })
        await run.start()
        // How long the history was after each answer, and where the run stood.
        const stages = [{ entries: run.history.length, result: run.last }]
        while (run.end === null) {
          const { open } = run.last
          const choice = Number(choices.next().value)
          const seq = open[choice % open.length] ?? 0
          const command = run.commands.find((made) => made.seq === seq)
          const fails = choice % 5 === 0 && command?.kind === 'call'
          await run.answer(seq, fails ? run.bad(seq, 'failed') : run.good(seq, choice))
          stages.push({ entries: run.history.length, result: run.last })
        }
        assert.equal(run.end.status, 'ENDED_SUCCESS')
        for (const [answers, { entries, result }] of stages.entries()) {
          const again = await run.run(run.starting(entries, answers))
          assert.deepEqual(again.end, result.end)
          assert.deepEqual(again.entries, [])
          assert.deepEqual(again.open, result.open)
          assert.equal(again.consumed, answers)
          // With answers that the history does not know of yet, up to where the engine is asked.
          const next = stages[answers + 1]
          if (next === undefined) continue
          const on = await run.run(run.starting(entries, answers + 1))
          const bare = run.history.slice(entries, entries + on.entries.length)
          const fresh = new Set(
            on.entries.filter(({ outcome }) => outcome === undefined).map(({ seq }) => seq),
          )
          assert.deepEqual(
            on.entries,
            bare.map(({ outcome, ...entry }) =>
              fresh.has(entry.seq) || outcome === undefined ? entry : { ...entry, outcome },
            ),
          )
          sandbox.forget('w', run.key)
        }
      }),
      { seed: 20_261_122, numRuns: 150 },
    )
  },
)
