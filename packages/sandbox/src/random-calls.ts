import fc from 'fast-check'

/** For tests: programs as trees; each leaf is one call, each inner node combines promises. */
type Program =
  | {
      readonly leaf:
        'flow' | 'sleep' | 'sum' | 'slowSum' | 'cutSum' | 'setting' | 'unknown' | 'wait'
    }
  | {
      readonly node: 'all' | 'race' | 'any' | 'allSettled' | 'inTurn'
      readonly parts: readonly Program[]
    }

const { program: randomCalls } = fc.letrec<{ program: Program }>((tie) => ({
  program: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    fc.record({
      leaf: fc.constantFrom(
        'flow',
        'sleep',
        'sum',
        'slowSum',
        'cutSum',
        'setting',
        'unknown',
        'wait',
      ),
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
  cutSum: (n: number) =>
    `self.step('c${n}', async () => { const late = Promise.resolve().then(() => [Math.random(), console.log(${n})]); late.then(() => Math.random()); return new Promise((resolve) => { late.then(([drawn]) => resolve(${n} + drawn)) }) })`,
  setting: (n: number) => `system.setting('x${n}').get()`,
  unknown: (n: number) => `self.flow('unknown', { n: ${n} }).catch((error) => error.name)`,
  wait: (n: number) =>
    `self.flow('w${n}', {}, { wait: false }).then((child) => self.waitFor([child], { returnWhen: 'ALL_ENDED' })).then(() => ${n})`,
}

/** The flow that does what the program says, and tells in which order. */
export function sourceOf(root: Program): string {
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

export { randomCalls }
