import fc from 'fast-check'

/** One execution of a random forest. All times in minutes before now. */
export interface Node {
  /** Index of its parent; -1: it is a top. Always smaller than its own. */
  readonly parent: number
  readonly born: number
  /** Null: it has not ended. */
  readonly ended: number | null
  readonly type: 'FLOW' | 'CONNECTION'
  readonly orphan: boolean
  /** Index of an execution, of any tree, that it waits for while it lives; -1: none. */
  readonly waitsFor: number
  readonly waitsForSeveral: boolean
  /** Indexes of payloads that its columns and its history name. */
  readonly input: number
  readonly output: number
  readonly step: number
  readonly answer: number
  /** Index of its script. */
  readonly script: number
}

export interface Forest {
  readonly nodes: readonly Node[]
  /** Indexes of scripts that a flow has. */
  readonly flows: readonly number[]
}

export const CONTENTS = 6
export const KEEP_MINUTES = 60

/** Minutes that are not so near to the limit that a slow test would change what is right. */
const age = (from: number, to: number) =>
  fc.integer({ min: from, max: to }).filter((minutes) => Math.abs(minutes - KEEP_MINUTES) > 5)

export const forests: fc.Arbitrary<Forest> = fc.record({
  flows: fc.uniqueArray(fc.nat(CONTENTS - 1), { maxLength: 2 }),
  nodes: fc
    .array(
      fc.record({
        parent: fc.oneof(fc.constant(-1), fc.nat(40)),
        born: age(0, 600),
        ended: fc.oneof(
          { weight: 8, arbitrary: age(66, 600) },
          { weight: 1, arbitrary: age(0, 600) },
          { weight: 1, arbitrary: fc.constant(null) },
        ),
        type: fc.constantFrom('FLOW', 'FLOW', 'CONNECTION'),
        orphan: fc.boolean(),
        waitsFor: fc.integer({ min: -20, max: 30 }),
        waitsForSeveral: fc.boolean(),
        input: fc.integer({ min: -3, max: CONTENTS - 1 }),
        output: fc.integer({ min: -3, max: CONTENTS - 1 }),
        step: fc.integer({ min: -3, max: CONTENTS - 1 }),
        answer: fc.integer({ min: -3, max: CONTENTS - 1 }),
        script: fc.nat(CONTENTS - 1),
      }),
      { minLength: 1, maxLength: 25 },
    )
    .map((nodes) => nodes.map(inOrder)),
}) as fc.Arbitrary<Forest>

/** Whatever was drawn becomes possible: parents come before children, ends after births. */
function inOrder(node: Node, index: number, all: readonly Node[]): Node {
  const parent = index === 0 || node.parent < 0 ? -1 : node.parent % index
  let born = node.born
  for (let at = parent; at >= 0; at = all[at]!.parent % Math.max(at, 1)) {
    born = Math.min(born, all[at]!.born)
    if (at === 0) break
  }
  return {
    ...node,
    parent,
    born,
    ended: node.ended === null ? null : Math.min(node.ended, born),
    waitsFor: node.waitsFor < 0 ? -1 : node.waitsFor % all.length,
  }
}

export interface Kept {
  readonly executions: ReadonlySet<number>
  readonly payloads: ReadonlySet<number>
  readonly scripts: ReadonlySet<number>
}

/** What must be left, said as plainly as possible. */
export function expectKept({ nodes, flows }: Forest): Kept {
  const topOf = (index: number): number =>
    nodes[index]!.parent < 0 ? index : topOf(nodes[index]!.parent)
  const keptTops = new Set<number>()
  for (const [index, node] of nodes.entries()) {
    if (node.ended === null || node.ended < KEEP_MINUTES) keptTops.add(topOf(index))
    if (node.ended === null && node.waitsFor >= 0) keptTops.add(topOf(node.waitsFor))
  }
  const executions = new Set(nodes.keys().filter((index) => keptTops.has(topOf(index))))
  const payloads = new Set<number>()
  const scripts = new Set(flows)
  for (const [index, node] of nodes.entries()) {
    // What was put not long ago stays, whoever put it.
    const keeps = executions.has(index) || lastUse(node) < KEEP_MINUTES
    if (keeps) for (const payload of payloadsOf(node)) payloads.add(payload)
    if (executions.has(index)) scripts.add(node.script)
  }
  return { executions, payloads, scripts }
}

/** An execution can refer to more as long as it lives. */
export const lastUse = (node: Node): number => node.ended ?? 0

export const payloadsOf = ({ input, output, step, answer }: Node): number[] =>
  [input, output, step, answer].filter((payload) => payload >= 0)
