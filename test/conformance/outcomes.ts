import { ITEMS, PROPERTIES } from './items/index.ts'

/** What became of one test, and what its name says it is about. */
export interface TestOutcome {
  readonly name: string
  /** Below the repository. */
  readonly file: string
  readonly passed: boolean
}

export type Result = 'green' | 'red' | 'no test yet' | 'waits' | 'decided otherwise'

/** A row of the page. */
export interface Row {
  readonly id: string
  readonly section: string
  readonly title: string
  readonly result: Result
  /** Sentences of its tests, or why there is none. */
  readonly tests: readonly string[]
}

export interface Outcomes {
  readonly items: readonly Row[]
  readonly properties: readonly Row[]
  /** Whether everything that may not wait is green. */
  readonly green: boolean
}

/** Puts tests to the items that their names begin with: `[3.5 D24] …`, `{lineno} …`. */
export function judge(tests: readonly TestOutcome[]): Outcomes {
  const byItem = groupBy(tests, /^\[([^\]]+)\] (.*)$/s)
  const byProperty = groupBy(tests, /^\{([^}]+)\} (.*)$/s)
  const items = ITEMS.map(({ id, section, title, waits, instead }): Row => {
    const row = { id, section, title }
    if (waits !== undefined) return { ...row, result: 'waits', tests: [waits] }
    if (instead !== undefined)
      return { ...row, result: 'decided otherwise', tests: [`see ${instead}`] }
    return { ...row, ...resultOf(byItem.get(id) ?? []) }
  })
  const properties = PROPERTIES.map(({ name, title, waits }): Row => {
    const row = { id: name, section: 'The 77 properties', title }
    return waits === undefined
      ? { ...row, ...resultOf(byProperty.get(name) ?? []) }
      : { ...row, result: 'waits', tests: [waits] }
  })
  const open = [...items, ...properties].filter(
    ({ result }) => result === 'red' || result === 'no test yet',
  )
  return { items, properties, green: open.length === 0 && tests.every(({ passed }) => passed) }
}

function groupBy(tests: readonly TestOutcome[], pattern: RegExp): Map<string, TestOutcome[]> {
  const groups = new Map<string, TestOutcome[]>()
  for (const test of tests) {
    const [, ids = '', name = ''] = pattern.exec(test.name) ?? []
    for (const id of ids.split(' ').filter((one) => one !== ''))
      groups.set(id, [...(groups.get(id) ?? []), { ...test, name }])
  }
  return groups
}

function resultOf(tests: readonly TestOutcome[]): Pick<Row, 'result' | 'tests'> {
  if (tests.length === 0) return { result: 'no test yet', tests: [] }
  return {
    result: tests.every(({ passed }) => passed) ? 'green' : 'red',
    tests: tests.map(({ name, passed }) => (passed ? name : `FAILS: ${name}`)),
  }
}
