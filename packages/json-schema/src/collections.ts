import { type Compiler, type Keyword, SchemaProblem } from './compiler.ts'
import { escapeStep, type Node, type Run } from './run.ts'
import { canonical, isObject } from './same.ts'
import { compilePattern, countOf } from './values.ts'

/** Keywords about what is inside of arrays and objects. */
export const COLLECTIONS: Readonly<Record<string, Keyword>> = {
  maxItems: sized('array', (size, limit) => size <= limit, 'must have at most # items'),
  minItems: sized('array', (size, limit) => size >= limit, 'must have at least # items'),
  uniqueItems(value) {
    if (value !== true) return null
    return (given, run) => {
      if (!Array.isArray(given)) return true
      const seen = new Set<string>()
      for (const item of given) {
        const text = canonical(item)
        run.spend(1 + (text.length >> 3))
        if (seen.has(text)) return run.fail('must not have the same item twice')
        seen.add(text)
      }
      return true
    }
  },
  prefixItems(schemas, { pointer, compiler }) {
    const nodes = listOf(schemas, pointer, compiler)
    return ofArrays((given, run) =>
      all(nodes.slice(0, given.length).entries(), run, ([index, node]) => {
        run.marks?.items.add(index)
        return run.inside(node, index, given[index])
      }),
    )
  },
  items(schema, { schema: around, pointer, compiler }) {
    if (Array.isArray(schema))
      throw new SchemaProblem(
        pointer,
        'must be one schema; for a list of them there is prefixItems',
      )
    const node = compiler.node(schema, pointer)
    const { prefixItems } = around
    const from = Array.isArray(prefixItems) ? prefixItems.length : 0
    return ofArrays((given, run) => {
      if (run.marks !== null) run.marks.all = true
      return all(given.slice(from).entries(), run, ([index, item]) =>
        run.inside(node, from + index, item),
      )
    })
  },
  contains(schema, { schema: around, pointer, compiler }) {
    const node = compiler.node(schema, pointer)
    const { minContains = 1, maxContains = Number.MAX_SAFE_INTEGER } = around
    const least = countOf(minContains, `${pointer}/minContains`)
    const most = countOf(maxContains, `${pointer}/maxContains`)
    return ofArrays((given, run) => {
      const fits = [...given.keys()].filter((index) =>
        run.asks(() => run.inside(node, index, given[index])),
      )
      for (const index of fits) run.marks?.items.add(index)
      if (fits.length < least) return run.fail(`must have ${least} or more items that match`)
      return fits.length <= most || run.fail(`must have at most ${most} items that match`)
    })
  },
  maxProperties: sized('object', (size, limit) => size <= limit, 'must have at most # properties'),
  minProperties: sized('object', (size, limit) => size >= limit, 'must have at least # properties'),
  required(names, { pointer }) {
    const needed = namesOf(names, pointer)
    return ofObjects((given, run) =>
      all(needed, run, (name) => Object.hasOwn(given, name) || run.fail('is missing', name)),
    )
  },
  properties(schemas, { pointer, compiler }) {
    const nodes = mapOf(schemas, pointer, compiler)
    return ofObjects((given, run) => {
      run.spend(nodes.length >> 3)
      return all(nodes, run, ([name, node]) => {
        if (!Object.hasOwn(given, name)) return true
        run.marks?.keys.add(name)
        return run.inside(node, name, given[name])
      })
    })
  },
  patternProperties(schemas, { pointer, compiler }) {
    const nodes = mapOf(schemas, pointer, compiler).map(
      ([pattern, node]) =>
        [compilePattern(pattern, `${pointer}/${escapeStep(pattern)}`), node] as const,
    )
    return ofObjects((given, run) =>
      all(Object.keys(given), run, (key) => {
        run.spend(nodes.length)
        return all(nodes, run, ([matches, node]) => {
          if (!matches(key, run)) return true
          run.marks?.keys.add(key)
          return run.inside(node, key, given[key])
        })
      }),
    )
  },
  additionalProperties(schema, { schema: around, pointer, compiler }) {
    const node = compiler.node(schema, pointer)
    const named = new Set(isObject(around['properties']) ? Object.keys(around['properties']) : [])
    const patterns = isObject(around['patternProperties'])
      ? Object.keys(around['patternProperties']).map((one) => compilePattern(one, pointer))
      : []
    return ofObjects((given, run) =>
      all(Object.keys(given), run, (key) => {
        run.spend(1)
        if (named.has(key) || patterns.some((matches) => matches(key, run))) return true
        run.marks?.keys.add(key)
        return schema === false ? run.fail('is not known', key) : run.inside(node, key, given[key])
      }),
    )
  },
  propertyNames(schema, { pointer, compiler }) {
    const node = compiler.node(schema, pointer)
    return ofObjects((given, run) =>
      all(Object.keys(given), run, (key) => run.inside(node, key, key)),
    )
  },
  dependentRequired(value, { pointer }) {
    if (!isObject(value)) throw new SchemaProblem(pointer, 'must be an object of lists of names')
    const needed = Object.entries(value).map(
      ([name, names]) => [name, namesOf(names, `${pointer}/${escapeStep(name)}`)] as const,
    )
    return ofObjects((given, run) =>
      all(needed, run, ([name, names]) => {
        if (!Object.hasOwn(given, name)) return true
        return all(
          names,
          run,
          (one) => Object.hasOwn(given, one) || run.fail(`is missing beside ${name}`, one),
        )
      }),
    )
  },
}

/** Each of them, or up to the first that does not fit when nobody wants to know more. */
export function all<T>(items: Iterable<T>, run: Run, fits: (item: T) => boolean): boolean {
  let good = true
  for (const item of items) {
    if (fits(item)) continue
    good = false
    if (run.faults === null) return false
  }
  return good
}

export const ofArrays =
  (check: (given: readonly unknown[], run: Run) => boolean): Node =>
  (given, run) =>
    !Array.isArray(given) || check(given, run)

export const ofObjects =
  (check: (given: Readonly<Record<string, unknown>>, run: Run) => boolean): Node =>
  (given, run) =>
    !isObject(given) || check(given, run)

export function listOf(schemas: unknown, pointer: string, compiler: Compiler): Node[] {
  if (!Array.isArray(schemas) || schemas.length === 0)
    throw new SchemaProblem(pointer, 'must be a list of schemas')
  return schemas.map((schema, index) => compiler.node(schema, `${pointer}/${index}`))
}

export function mapOf(
  schemas: unknown,
  pointer: string,
  compiler: Compiler,
): (readonly [name: string, node: Node])[] {
  if (!isObject(schemas)) throw new SchemaProblem(pointer, 'must be an object of schemas')
  return Object.entries(schemas).map(
    ([name, schema]) => [name, compiler.node(schema, `${pointer}/${escapeStep(name)}`)] as const,
  )
}

function namesOf(value: unknown, pointer: string): readonly string[] {
  if (Array.isArray(value) && value.every((name) => typeof name === 'string')) return value
  throw new SchemaProblem(pointer, 'must be a list of names')
}

function sized(
  of: 'array' | 'object',
  fits: (size: number, limit: number) => boolean,
  message: string,
): Keyword {
  return (value, { pointer }) => {
    const limit = countOf(value, pointer)
    const says = message.replace('#', String(limit))
    return of === 'array'
      ? ofArrays((given, run) => fits(given.length, limit) || run.fail(says))
      : ofObjects((given, run) => fits(Object.keys(given).length, limit) || run.fail(says))
  }
}
