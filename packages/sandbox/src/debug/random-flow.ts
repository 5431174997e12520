import fc from 'fast-check'

/** For tests: flows made by chance, of many lines, with all that a debugger has to get through. */
export type Part =
  | { readonly kind: Leaf }
  | { readonly kind: Nest; readonly parts: readonly Part[]; readonly others: readonly Part[] }

type Leaf = (typeof LEAVES)[number]
type Nest = (typeof NESTS)[number]

const LEAVES = ['note', 'log', 'flow', 'sleep', 'setting', 'fail', 'chance', 'queued'] as const
const NESTS = [
  'if',
  'for',
  'while',
  'try',
  'finally',
  'function',
  'async',
  'generator',
  'method',
  'arrow',
  'parallel',
  'race',
  'aside',
  'step',
  'asyncStep',
  'forEach',
] as const

/** Inside of these nothing can be awaited, inside of steps nothing asked for. */
const SYNCHRONOUS: ReadonlySet<string> = new Set([
  'function',
  'generator',
  'arrow',
  'forEach',
  'step',
])

export const flowParts: fc.Arbitrary<readonly Part[]> = fc.letrec<{ parts: readonly Part[] }>(
  (tie) => ({
    parts: fc.array(
      fc.oneof(
        { maxDepth: 3, depthSize: 'small' },
        fc.record({ kind: fc.constantFrom(...LEAVES) }),
        fc.record({ kind: fc.constantFrom(...NESTS), parts: tie('parts'), others: tie('parts') }),
      ) as fc.Arbitrary<Part>,
      { minLength: 1, maxLength: 4 },
    ),
  }),
).parts

interface Where {
  readonly awaits: boolean
  readonly asks: boolean
}

/** `chance`: with random numbers and times, which a debugger changes as any other pause does. */
export function flowSource(root: readonly Part[], chance = true): string {
  let n = 0
  const lines = (parts: readonly Part[], where: Where): string[] =>
    parts.flatMap((part) => ('parts' in part ? nest(part, where) : leaf(part.kind, where)))

  function leaf(kind: Leaf, { awaits, asks }: Where): string[] {
    const id = ++n
    if (kind === 'fail') return [`if (trace.length % 3 === ${id % 3}) throw new Error('e${id}')`]
    if (kind === 'chance' && asks && chance) return [`trace.push(Math.random(), Date.now())`]
    if (kind === 'queued') return [`void Promise.resolve(${id}).then((v) => trace.push(v))`]
    if (kind === 'log' && asks) return [`self.log(${id}, trace.length)`]
    if (asks && awaits) {
      if (kind === 'flow')
        return [
          `const c${id} = await self.flow('f${id}', { id: ${id} })`,
          `trace.push(c${id}.output)`,
        ]
      if (kind === 'sleep') return [`await self.sleep(${id})`]
      if (kind === 'setting') return [`trace.push(await system.setting('s${id}').get())`]
    }
    return [`let v${id} = trace.length`, `trace.push(v${id} + ${id})`]
  }

  function nest(part: Extract<Part, { kind: Nest }>, where: Where): string[] {
    const id = ++n
    const inner: Where = SYNCHRONOUS.has(part.kind)
      ? { awaits: false, asks: where.asks && part.kind !== 'step' }
      : part.kind === 'asyncStep'
        ? { awaits: true, asks: false }
        : where
    const free: Where = { awaits: true, asks: where.asks }
    const ofParts = (w: Where) => lines(part.parts, w).map((line) => `  ${line}`)
    const ofOthers = (w: Where) => lines(part.others, w).map((line) => `  ${line}`)
    const call = where.awaits ? 'await ' : 'void '
    const caught = where.awaits ? '' : '.catch(() => 0)'
    switch (part.kind) {
      case 'if':
        return [
          `if (trace.length % 2 === ${id % 2}) {`,
          ...ofParts(inner),
          '} else {',
          ...ofOthers(inner),
          '}',
        ]
      case 'for':
        return [`for (let i${id} = 0; i${id} < 2; i${id}++) {`, ...ofParts(inner), '}']
      case 'while':
        return [`let w${id} = 0`, `while (w${id}++ < 2) {`, ...ofParts(inner), '}']
      case 'try':
        return ['try {', ...ofParts(inner), `} catch (e${id}) {`, `  trace.push(e${id}.name)`, '}']
      case 'finally':
        return ['try {', ...ofParts(inner), '} catch {} finally {', ...ofOthers(inner), '}']
      case 'function':
        return [
          `function f${id}(x) {`,
          ...ofParts(inner),
          '  return x',
          '}',
          `trace.push(f${id}(${id}))`,
        ]
      case 'generator':
        return [
          `function* g${id}() {`,
          `  yield ${id}`,
          ...ofParts(inner),
          `  yield ${id} + 1`,
          '}',
          `for (const y${id} of g${id}()) {`,
          `  trace.push(y${id})`,
          '}',
        ]
      case 'arrow':
        return [
          `const a${id} = (x) => {`,
          ...ofParts(inner),
          '  return x',
          '}',
          `trace.push(a${id}(${id}))`,
        ]
      case 'forEach':
        return [`;[1, 2].forEach((x${id}) => {`, ...ofParts(inner), '})']
      case 'method':
        return [
          `class C${id} {`,
          `  async run() {`,
          ...ofParts(free),
          '  }',
          '}',
          `${call}new C${id}().run()${caught}`,
        ]
      case 'async':
        return [`async function h${id}() {`, ...ofParts(free), '}', `${call}h${id}()${caught}`]
      case 'aside':
        return [`void (async () => {`, ...ofParts(free), `})().catch((e) => trace.push(e.name))`]
      case 'parallel':
      case 'race':
        return [
          `${call}Promise.${part.kind === 'race' ? 'race' : 'all'}([`,
          '  (async () => {',
          ...ofParts(free),
          '  })(),',
          '  (async () => {',
          ...ofOthers(free),
          '  })(),',
          `])${caught}`,
        ]
      case 'step':
      case 'asyncStep': {
        const async = part.kind === 'step' ? '' : 'async '
        if (!where.asks) return ofParts({ awaits: false, asks: false })
        return [
          `const s${id} = self.step('s${id}', ${async}() => {`,
          `  const trace = [${chance ? 'Math.random()' : '0'}]`,
          ...ofParts(inner),
          `  console.log(trace.length)`,
          '  return trace',
          '})',
          `s${id}.catch(() => 0)`,
          ...(where.awaits ? [`trace.push(await s${id})`] : []),
        ]
      }
    }
  }

  return [
    'const trace = []',
    'export default async function handler(system, self) {',
    '  try {',
    ...lines(root, { awaits: true, asks: true }).map((line) => `    ${line}`),
    '  } catch (error) {',
    '    trace.push(String(error))',
    '  }',
    '  await self.sleep(1)',
    '  return trace',
    '}',
  ].join('\n')
}
