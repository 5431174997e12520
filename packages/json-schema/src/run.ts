/** What is wrong at one place of a value, or of a schema. */
export interface SchemaFault {
  /** JSON pointer (RFC 6901) from the top of what was checked. */
  readonly pointer: string
  /** Goes on after the pointer: `must be integer`. */
  readonly message: string
}

/** A compiled schema or keyword: whether the value fits. */
export type Node = (value: unknown, run: Run) => boolean

/** What of one object or array its schemas have looked at, for `unevaluated…`. */
export interface Marks {
  readonly keys: Set<string>
  readonly items: Set<number>
  all: boolean
}

export const newMarks = (): Marks => ({ keys: new Set(), items: new Set(), all: false })

/** Thrown out of a check that costs too much. */
export class TooMuch extends Error {
  override readonly name = 'TooMuch'
}

/** Steps of one check: some seconds of a slow processor at worst, and a hundred thousand plain fields. */
export const STEPS_MAX = 2_000_000
/** Schemas within schemas; values nest 64 deep at the doors. */
const DEPTH_MAX = 500
/** Nobody reads more. */
const FAULTS_MAX = 20

/** One check of one value: where it stands, what it may still cost, and what was found. */
export class Run {
  /** Null while it is only asked whether something fits. */
  faults: SchemaFault[] | null
  marks: Marks | null
  #steps = STEPS_MAX
  #depth = 0
  readonly #path: (string | number)[] = []

  constructor(faults: SchemaFault[] | null, marks: Marks | null) {
    this.faults = faults
    this.marks = marks
  }

  spend(steps: number): void {
    this.#steps -= steps
    if (this.#steps < 0) throw new TooMuch('too many steps')
  }

  /** Every schema of a node; all of them, so that all faults are told, unless nobody wants to know. */
  apply(checks: readonly Node[], value: unknown): boolean {
    this.spend(1 + checks.length)
    this.#depth += 1
    if (this.#depth > DEPTH_MAX) throw new TooMuch('too deep')
    let fits = true
    for (const check of checks) {
      if (check(value, this)) continue
      fits = false
      if (this.faults === null) break
    }
    this.#depth -= 1
    return fits
  }

  /** A schema for something inside of the value. */
  inside(node: Node, key: string | number, value: unknown): boolean {
    const outer = this.marks
    this.marks = outer === null ? null : newMarks()
    this.#path.push(key)
    const fits = node(value, this)
    this.#path.pop()
    this.marks = outer
    return fits
  }

  /** A further schema for the value itself: what it has looked at counts when the value fits it. */
  beside(node: Node, value: unknown): boolean {
    const outer = this.marks
    if (outer === null) return node(value, this)
    const own = newMarks()
    this.marks = own
    const fits = node(value, this)
    this.marks = outer
    if (!fits) return false
    for (const key of own.keys) outer.keys.add(key)
    for (const item of own.items) outer.items.add(item)
    outer.all ||= own.all
    return true
  }

  /** Whether it fits, without telling what does not. */
  asks(ask: () => boolean): boolean {
    const { faults } = this
    this.faults = null
    const fits = ask()
    this.faults = faults
    return fits
  }

  /** Notes what is wrong with the value, or with what it has at `key`; always false. */
  fail(message: string, key?: string): false {
    if (this.faults === null || this.faults.length >= FAULTS_MAX) return false
    const path = key === undefined ? this.#path : [...this.#path, key]
    this.faults.push({ pointer: path.map((part) => `/${escapeStep(part)}`).join(''), message })
    return false
  }
}

export const escapeStep = (step: string | number): string =>
  String(step).replaceAll('~', '~0').replaceAll('/', '~1')
