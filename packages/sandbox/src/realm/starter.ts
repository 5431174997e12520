import { nameOf } from './arguments.ts'
import type { ChildExecution } from './child-execution.ts'
import { promised } from './promised.ts'
import type { Run } from './run.ts'
import { connectorTarget, scriptTarget, startChild, wrapperText } from './start-child.ts'

/** Starts children through wrappers: what `self.using(…)` gives. The first named is the outermost. */
export class Starter {
  readonly #run: Run
  readonly #around: readonly string[]

  constructor(run: Run, around: readonly string[]) {
    this.#run = run
    this.#around = around
    Object.freeze(this)
  }

  using(wrapper: unknown, inputs?: unknown): Starter {
    const run = this.#run
    const use = run.checked(() => wrapperText('self.using', wrapper, inputs))
    return new Starter(run, [...this.#around, use])
  }

  flow(name: unknown, inputs?: unknown, options?: unknown): Promise<ChildExecution> {
    return promised(() => {
      const api = 'self.flow'
      const value = nameOf(api, 'name', name)
      const target = { type: 'FLOW', field: 'flow', value, label: value } as const
      return startChild(this.#run, api, target, inputs, options, this.#around)
    })
  }

  connect(connector: unknown, ...rest: unknown[]): Promise<ChildExecution> {
    return promised(() => {
      const { target, inputs, options } = connectorTarget(connector, rest)
      return startChild(this.#run, 'self.connect', target, inputs, options, this.#around)
    })
  }

  script(source: unknown, inputs?: unknown, options?: unknown): Promise<ChildExecution> {
    return promised(() =>
      startChild(this.#run, 'self.script', scriptTarget(source), inputs, options, this.#around),
    )
  }
}
