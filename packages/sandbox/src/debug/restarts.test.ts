import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import fc from 'fast-check'
import type { StopAnswer } from '@millrace/replay'
import { testSandbox } from '../testing.ts'
import { effectiveLines } from './compile-debug.ts'
import { flowParts, flowSource } from './random-flow.ts'
import { DebuggedRun } from './testing.ts'

const sandbox = testSandbox()
after(() => sandbox.close())

const KEY = '019aa000-0000-7000-8000-0000000000bb:1'
const ACTIONS: readonly StopAnswer['action'][] = [
  'continue',
  'step_over',
  'step_into',
  'step_out',
  'run_to',
]

/** Runs a flow under a person who does what `chance` says, on engines that die when `dies` says. */
async function play(
  source: string,
  { chance, dies }: { readonly chance: () => number; readonly dies: (turn: number) => boolean },
): Promise<DebuggedRun> {
  const lines = effectiveLines(source, 'javascript')
  const some = () => lines.filter(() => chance() % 5 === 0)
  const breakpoints = some()
  const run = new DebuggedRun(sandbox, source, { key: KEY, breakpoints, pause: chance() % 3 === 0 })
  await run.start()
  for (let turn = 0; turn < 60 && run.end === null; turn++) {
    const { open } = run.last
    if (chance() % 4 === 0) run.breakpoints = some()
    if (chance() % 8 === 0) run.pause = true
    if (dies(turn)) run.restart()
    if (run.isStopped) {
      const others = open.filter((seq) => seq !== run.stop.seq && run.isWaiting(seq))
      const other = others[chance() % Math.max(1, others.length)]
      // Somebody else answers while it stands.
      if (other !== undefined && chance() % 3 === 0) run.note(other, run.good(other, turn))
      await run.go(ACTIONS[chance() % ACTIONS.length], lines[chance() % lines.length])
    } else {
      const seq = open[chance() % open.length] ?? 0
      await run.answer(seq, run.good(seq, turn))
    }
  }
  run.restart()
  return run
}

test(
  'engines that die change nothing: the same stops with the same variables, the same end',
  { timeout: 480_000 },
  async () => {
    let stops = 0
    await fc.assert(
      fc.asyncProperty(
        flowParts,
        fc.array(fc.nat(10_000), { minLength: 50, maxLength: 50 }),
        fc.array(fc.boolean(), { minLength: 8, maxLength: 8 }),
        async (parts, numbers, deaths) => {
          const source = flowSource(parts)
          const chance = () => {
            let at = 0
            return () => numbers[at++ % numbers.length] ?? 0
          }
          const steady = await play(source, { chance: chance(), dies: () => false })
          const dying = await play(source, {
            chance: chance(),
            dies: (turn) => deaths[turn % deaths.length] ?? false,
          })
          assert.deepEqual(dying.stops, steady.stops)
          assert.deepEqual(dying.history, steady.history)
          assert.deepEqual(dying.logs, steady.logs)
          assert.deepEqual(dying.commands, steady.commands)
          assert.deepEqual(dying.end, steady.end)
          assert.notEqual(steady.end?.reason, 'diverged')
          stops += steady.stops.length
        },
      ),
      { seed: 20_261_124, numRuns: 60 },
    )
    assert.ok(stops > 200, `${stops} stops`)
  },
)
