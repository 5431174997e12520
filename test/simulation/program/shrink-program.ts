import { TooManyOutcomes } from './expectation.ts'
import { expectOutcome } from './expect-outcome.ts'
import { isValid } from './is-valid.ts'
import { type Body, bodiesOf, type Node, nodesOf, type Program } from './program.ts'

/**
 * Smaller programs, the largest cuts first. Each is valid and strictly smaller by `sizeOf`, so that
 * shrinking on and on comes to an end.
 */
export function* shrinkProgram(program: Program): Iterable<Program> {
  const size = sizeOf(program)
  const seen = new Set<string>()
  const variants = [...shrinkBody(program.body)]
    .map((body) => ({ ...program, body }))
    .map((variant) => ({ variant, size: sizeOf(variant) }))
    .toSorted((a, b) => a.size - b.size)
  for (const { variant, size: smaller } of variants) {
    const key = JSON.stringify(variant)
    if (smaller >= size || seen.has(key)) continue
    seen.add(key)
    if (isValid(variant) && canBeListed(variant)) yield variant
  }
}

/** Nodes count most, then what they carry. */
export function sizeOf({ body }: Program): number {
  let size = 0
  for (const node of nodesOf(body)) size += 1_000_000 + weightOf(node)
  return size
}

function weightOf(node: Node): number {
  switch (node.kind) {
    case 'sleep':
      return node.ms
    case 'cancel':
      return node.afterMs
    case 'repeat':
    case 'back':
      return node.times
    case 'large':
      return node.bytes
    case 'lock':
      return (node.ring ? 1_000 : 0) + (node.timeoutMs === null ? 0 : 1)
    case 'message':
      return node.timeoutMs === null ? 0 : 1
    case 'step':
      return node.how === 'value' ? 0 : 1
    case 'child':
      return node.mode === 'wait' ? 0 : 1
    case 'all':
      return node.mode === 'settled' ? 0 : 1
    case 'gather':
      return node.until === 'ALL_ENDED' ? 0 : 1
    default:
      return 0
  }
}

function* shrinkBody(body: Body): Iterable<Body> {
  const half = Math.ceil(body.length / 2)
  if (body.length > 1) {
    yield body.slice(0, half)
    yield body.slice(half)
  }
  for (const [at, node] of body.entries()) {
    const put = (nodes: Body): Body => [...body.slice(0, at), ...nodes, ...body.slice(at + 1)]
    yield put([])
    // What is inside of it instead of it.
    for (const inner of bodiesOf(node)) yield put(inner)
    for (const smaller of shrinkNode(node)) yield put([smaller])
  }
}

function* shrinkNode(node: Node): Iterable<Node> {
  yield* simpler(node)
  if ('bodies' in node) {
    for (const [at, inner] of node.bodies.entries()) {
      const rest = (bodies: readonly Body[]): Node => ({ ...node, bodies })
      yield rest(node.bodies.toSpliced(at, 1))
      for (const smaller of shrinkBody(inner)) yield rest(node.bodies.with(at, smaller))
    }
  } else if ('body' in node) {
    for (const body of shrinkBody(node.body)) yield { ...node, body }
  }
}

function* simpler(node: Node): Iterable<Node> {
  switch (node.kind) {
    case 'sleep':
      if (node.ms > 0) yield* [0, Math.floor(node.ms / 2)].map((ms) => ({ ...node, ms }))
      break
    case 'cancel':
      if (node.afterMs > 0) yield { ...node, afterMs: 0 }
      break
    case 'repeat':
    case 'back':
      if (node.times > 1) yield { ...node, times: node.times - 1 }
      break
    case 'large':
      if (node.bytes > 1) yield { ...node, bytes: 1 }
      break
    case 'lock':
      if (node.timeoutMs !== null) yield { ...node, timeoutMs: null }
      break
    case 'step':
      if (node.how !== 'value') yield { ...node, how: 'value' }
      break
    case 'child':
      if (node.mode !== 'wait') yield { ...node, mode: 'wait' }
      break
    case 'all':
      if (node.mode !== 'settled') yield { ...node, mode: 'settled' }
      break
    case 'gather':
      if (node.until !== 'ALL_ENDED') yield { ...node, until: 'ALL_ENDED' }
      break
    default:
  }
}

function canBeListed(program: Program): boolean {
  try {
    expectOutcome(program, { effects: 'may-fail' })
    return true
  } catch (error) {
    if (error instanceof TooManyOutcomes) return false
    throw error
  }
}
