import { all, listOf, mapOf, ofObjects } from './collections.ts'
import { type Keyword, SchemaProblem } from './compiler.ts'

/** Keywords that apply further schemas to the same value. */
export const COMBINATIONS: Readonly<Record<string, Keyword>> = {
  $ref: reference,
  // Without schemas from elsewhere there is one place that it can mean.
  $dynamicRef: reference,
  $defs(schemas, { pointer, compiler }) {
    // Nobody may refer to them; a slip in one is a fault all the same.
    mapOf(schemas, pointer, compiler)
    return null
  },
  allOf(schemas, { pointer, compiler }) {
    const nodes = listOf(schemas, pointer, compiler)
    return (given, run) => all(nodes, run, (node) => run.beside(node, given))
  },
  anyOf(schemas, { pointer, compiler }) {
    const nodes = listOf(schemas, pointer, compiler)
    return (given, run) => {
      let fits = false
      // All of them where it counts what they look at.
      for (const node of nodes) {
        if (fits && run.marks === null) break
        if (run.asks(() => run.beside(node, given))) fits = true
      }
      return fits || run.fail('must match one of the alternatives')
    }
  },
  oneOf(schemas, { pointer, compiler }) {
    const nodes = listOf(schemas, pointer, compiler)
    return (given, run) => {
      const fitting = nodes.filter((node) => run.asks(() => run.beside(node, given)))
      if (fitting.length === 1) return true
      return run.fail(
        fitting.length === 0
          ? 'must match one of the alternatives'
          : `must match one of the alternatives, and matches ${fitting.length}`,
      )
    }
  },
  not(schema, { pointer, compiler }) {
    const node = compiler.node(schema, pointer)
    return (given, run) => {
      const { marks } = run
      run.marks = null
      const fits = run.asks(() => node(given, run))
      run.marks = marks
      return !fits || run.fail('must not match the schema under not')
    }
  },
  if(schema, { schema: around, pointer, compiler }) {
    const base = pointer.slice(0, -'/if'.length)
    const condition = compiler.node(schema, pointer)
    const [then, otherwise] = (['then', 'else'] as const).map((name) =>
      Object.hasOwn(around, name) ? compiler.node(around[name], `${base}/${name}`) : null,
    )
    return (given, run) => {
      const next = run.asks(() => run.beside(condition, given)) ? then : otherwise
      return next === null || next === undefined || run.beside(next, given)
    }
  },
  dependentSchemas(schemas, { pointer, compiler }) {
    const nodes = mapOf(schemas, pointer, compiler)
    return ofObjects((given, run) =>
      all(nodes, run, ([name, node]) => !Object.hasOwn(given, name) || run.beside(node, given)),
    )
  },
}

function reference(
  ref: unknown,
  { pointer, compiler }: Parameters<Keyword>[1],
): ReturnType<Keyword> {
  if (typeof ref !== 'string')
    throw new SchemaProblem(pointer, 'must be a reference such as #/$defs/a')
  const node = compiler.reference(ref, pointer)
  return (given, run) => run.beside(node, given)
}
