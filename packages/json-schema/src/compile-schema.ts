import { COLLECTIONS } from './collections.ts'
import { COMBINATIONS } from './combinations.ts'
import { type Compiler, type Keyword, SchemaProblem } from './compiler.ts'
import { unheededIn } from './older-drafts.ts'
import {
  escapeStep,
  newMarks,
  type Node,
  Run,
  type SchemaFault,
  STEPS_MAX,
  TooMuch,
} from './run.ts'
import { isObject } from './same.ts'
import { UNEVALUATED } from './unevaluated.ts'
import { VALUES } from './values.ts'

/** The faults of a value, up to twenty; none when it fits. */
export type SchemaCheck = (value: unknown) => readonly SchemaFault[]

export type CompiledSchema =
  | {
      readonly ok: true
      readonly check: SchemaCheck
      /** Keywords of older drafts, which the check ignores; a schema that is new should have none. */
      readonly unheeded: readonly SchemaFault[]
    }
  /** It is no schema; the pointer leads into it. */
  | ({ readonly ok: false } & SchemaFault)

/** Compiles a schema that was parsed from JSON. Never throws. */
export function compileSchema(schema: unknown): CompiledSchema {
  const isTracked = JSON.stringify(schema)?.includes('"unevaluated') === true
  const unheeded: SchemaFault[] = []
  let root: Node
  try {
    root = createCompiler(schema, unheeded).node(schema, '')
  } catch (error) {
    if (error instanceof SchemaProblem)
      return { ok: false, pointer: error.pointer, message: error.message }
    if (error instanceof RangeError)
      return { ok: false, pointer: '', message: 'is nested too deeply' }
    throw error
  }
  return {
    ok: true,
    unheeded,
    check(value) {
      const faults: SchemaFault[] = []
      try {
        // Asked first without faults, which most values have none of.
        if (root(value, new Run(null, isTracked ? newMarks() : null))) return []
        root(value, new Run(faults, isTracked ? newMarks() : null))
        return faults
      } catch (error) {
        if (!(error instanceof TooMuch) && !(error instanceof RangeError)) throw error
        return [{ pointer: '', message: TOO_MUCH }]
      }
    },
  }
}

const TOO_MUCH = `takes more than ${STEPS_MAX} steps to check against its schema: simplify the schema, or send less`

/** In the order in which faults are told; what looks at the marks of the others comes last. */
const KEYWORDS: readonly (readonly [name: string, keyword: Keyword])[] = [
  ...Object.entries(VALUES),
  ...Object.entries(COLLECTIONS),
  ...Object.entries(COMBINATIONS),
  ...Object.entries(UNEVALUATED),
]

function createCompiler(document: unknown, unheeded: SchemaFault[]): Compiler {
  const known = new Map<object, Node>()
  let places: Places | null = null
  const compiler: Compiler = {
    node(schema, pointer) {
      if (schema === true) return () => true
      if (schema === false) return (_value, run) => run.fail('is not accepted')
      if (!isObject(schema))
        throw new SchemaProblem(pointer, 'must be a JSON schema: an object, true or false')
      const before = known.get(schema)
      if (before !== undefined) return before
      // There before it is compiled: a schema may refer to itself.
      let checks: readonly Node[] = []
      const node: Node = (value, run) => run.apply(checks, value)
      known.set(schema, node)
      checks = compileKeywords(schema, pointer, compiler)
      unheeded.push(...unheededIn(schema, pointer))
      return node
    },
    reference(ref, pointer) {
      places ??= findPlaces(document)
      const target = targetOf(document, places, ref)
      if (target === undefined)
        throw new SchemaProblem(
          pointer,
          `refers to ${JSON.stringify(ref)}, which is not in this schema; nothing is fetched`,
        )
      return compiler.node(target, ref.startsWith('#/') ? ref.slice(1) : pointer)
    },
  }
  return compiler
}

function compileKeywords(
  schema: Readonly<Record<string, unknown>>,
  pointer: string,
  compiler: Compiler,
): Node[] {
  return KEYWORDS.flatMap(([name, keyword]) => {
    if (!Object.hasOwn(schema, name)) return []
    const context = { schema, pointer: `${pointer}/${escapeStep(name)}`, compiler }
    return keyword(schema[name], context) ?? []
  })
}

/** Where `$id` and `$anchor` lead. */
interface Places {
  readonly ids: ReadonlyMap<string, object>
  readonly anchors: ReadonlyMap<string, object>
}

function findPlaces(document: unknown): Places {
  const ids = new Map<string, object>()
  const anchors = new Map<string, object>()
  walk(document)
  return { ids, anchors }

  function walk(at: unknown): void {
    if (typeof at !== 'object' || at === null) return
    if (isObject(at)) {
      if (typeof at['$id'] === 'string') ids.set(at['$id'].replace(/#$/, ''), at)
      for (const name of ['$anchor', '$dynamicAnchor']) {
        const anchor = at[name]
        if (typeof anchor === 'string') anchors.set(anchor, at)
      }
    }
    for (const inner of Object.values(at)) walk(inner)
  }
}

function targetOf(document: unknown, { ids, anchors }: Places, ref: string): unknown {
  const hash = ref.indexOf('#')
  const base = hash === -1 ? ref : ref.slice(0, hash)
  const fragment = hash === -1 ? '' : ref.slice(hash + 1)
  const start = base === '' ? document : ids.get(base)
  if (start === undefined || fragment === '') return start
  return fragment.startsWith('/') ? follow(start, fragment) : anchors.get(fragment)
}

function follow(start: unknown, fragment: string): unknown {
  let at = start
  for (const step of fragment.slice(1).split('/')) {
    const key = decode(step).replaceAll('~1', '/').replaceAll('~0', '~')
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, key)) return undefined
    at = (at as Readonly<Record<string, unknown>>)[key]
  }
  return at
}

function decode(step: string): string {
  try {
    return decodeURIComponent(step)
  } catch {
    return step
  }
}
