import { all, ofArrays, ofObjects } from './collections.ts'
import type { Keyword } from './compiler.ts'

/** Keywords about what no schema beside them has looked at; compiled last, for the marks to be there. */
export const UNEVALUATED: Readonly<Record<string, Keyword>> = {
  unevaluatedItems(schema, { pointer, compiler }) {
    const node = compiler.node(schema, pointer)
    return ofArrays((given, run) => {
      const { marks } = run
      if (marks === null || marks.all) return true
      const rest = [...given.keys()].filter((index) => !marks.items.has(index))
      const fits = all(rest, run, (index) => run.inside(node, index, given[index]))
      marks.all = true
      return fits
    })
  },
  unevaluatedProperties(schema, { pointer, compiler }) {
    const node = compiler.node(schema, pointer)
    return ofObjects((given, run) => {
      const { marks } = run
      if (marks === null || marks.all) return true
      const rest = Object.keys(given).filter((key) => !marks.keys.has(key))
      const fits = all(rest, run, (key) =>
        schema === false ? run.fail('is not known', key) : run.inside(node, key, given[key]),
      )
      marks.all = true
      return fits
    })
  },
}
