import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import fc from 'fast-check'
import { refused, TestRun, testSandbox } from './testing.ts'

const sandbox = testSandbox()
after(() => sandbox.close())

// Programs as trees; each leaf is one call, each inner node combines promises.
type Program =
  | { readonly leaf: 'flow' | 'sleep' | 'sum' | 'slowSum' | 'setting' | 'unknown' | 'wait' }
  | {
      readonly node: 'all' | 'race' | 'any' | 'allSettled' | 'inTurn'
      readonly parts: readonly Program[]
    }

const { program } = fc.letrec<{ program: Program }>((tie) => ({
  program: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    fc.record({
      leaf: fc.constantFrom('flow', 'sleep', 'sum', 'slowSum', 'setting', 'unknown', 'wait'),
    }),
    fc.record({
      node: fc.constantFrom('all', 'race', 'any', 'allSettled', 'inTurn'),
      parts: fc.array(tie('program'), { minLength: 1, maxLength: 4 }),
    }),
  ) as fc.Arbitrary<Program>,
}))

const LEAVES = {
  flow: (n: number) =>
    `self.flow('f${n}', { n: ${n}, r: Math.random() }).then((child) => child.output)`,
  sleep: (n: number) => `self.sleep(${n})`,
  sum: (n: number) => `self.step('s${n}', () => ${n} + Math.random())`,
  slowSum: (n: number) =>
    `self.step('a${n}', async () => { for (let i = 0; i < ${n % 7}; i++) await null; return ${n} + Math.random() })`,
  setting: (n: number) => `system.setting('x${n}').get()`,
  unknown: (n: number) => `self.flow('unknown', { n: ${n} }).catch((error) => error.name)`,
  wait: (n: number) =>
    `self.flow('w${n}', {}, { wait: false }).then((child) => self.waitFor([child], { returnWhen: 'ALL_ENDED' })).then(() => ${n})`,
}

function sourceOf(root: Program): string {
  let n = 0
  const text = (part: Program): string => {
    const mine = ++n
    const inner =
      'leaf' in part
        ? LEAVES[part.leaf](mine)
        : part.node === 'inTurn'
          ? `(async () => { const out = []; ${part.parts.map((p) => `out.push(await ${text(p)});`).join(' ')} return out })()`
          : `Promise.${part.node}([${part.parts.map(text).join(', ')}])`
    return `note(${mine}, ${inner})`
  }
  const body = text(root)
  return `export default async function handler(system, self) {
    const trace = []
    const note = (n, promise) => promise.then(
      (value) => { trace.push([n, value, Date.now(), Math.random()]); self.log(n); return value },
      (error) => { trace.push([n, String(error)]); throw error })
    try { await ${body} } catch (error) { trace.push(error.name) }
    await self.sleep(1)
    return trace
  }`
}

test(
  'a replay from every prefix makes the same calls with the same winners',
  { timeout: 240_000 },
  async () => {
    await fc.assert(
      fc.asyncProperty(program, fc.infiniteStream(fc.nat(1_000)), async (root, choices) => {
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
