import {
  type Client,
  type DebugRequest,
  type DebugState,
  type DebugStop,
  type Execution,
  isEnded,
} from '@millrace/client'
import { CliError } from './cli-error.ts'
import type { Deps } from './deps.ts'
import { EXIT } from './exit-code.ts'

/** Between two looks at the children of an execution that waits for one. Seconds. */
const LOOK_SECONDS = 1

/**
 * Somebody debugs an execution, and the child that they step into: while that is stopped it is the one
 * that commands are for, and when it has ended its parent is again.
 */
export class DebugSession {
  readonly client: Client
  /** As last seen. */
  state: DebugState | null = null
  readonly #deps: Deps
  readonly #parents: string[] = []
  readonly #sources = new Map<string, string>()
  #id: string

  constructor(client: Client, id: string, deps: Deps) {
    this.client = client
    this.#id = id
    this.#deps = deps
  }

  /** The execution that commands are for. */
  get id(): string {
    return this.#id
  }

  async look(): Promise<DebugState> {
    this.state = await this.client.executions.debugState(this.#id)
    return this.state
  }

  /** Where it is stopped. Errors: CliError when it is not. */
  async stop(): Promise<DebugStop> {
    const { stop, status } = await this.look()
    if (stop !== null) return stop
    throw new CliError(`execution ${this.#id} is ${status}, and not stopped at a line`, {
      exitCode: EXIT.refused,
      way: 'stop it at its next line with `break`',
    })
  }

  /** What it runs. */
  async source(): Promise<string> {
    const known = this.#sources.get(this.#id)
    if (known !== undefined) return known
    const source = (await this.client.executions.get(this.#id)).script ?? ''
    this.#sources.set(this.#id, source)
    return source
  }

  /** Lets it go on, and waits for its next stop or end. False: the time is up, and it goes on. */
  async go(request: DebugRequest, timeoutSeconds: number): Promise<boolean> {
    const leaves = request.action !== 'break'
    const seq = leaves ? { seq: (await this.stop()).seq } : {}
    await this.client.executions.debug(this.#id, { ...request, ...seq })
    const until = this.#deps.now() + timeoutSeconds * 1_000
    for (;;) {
      const left = (until - this.#deps.now()) / 1_000
      const state = await this.client.executions.debugState(this.#id, {
        waitSeconds: Math.max(0, Math.min(LOOK_SECONDS, left)),
        signal: this.#deps.interrupted,
      })
      this.state = state
      if (state.is_stopped) return true
      if (isEnded(state)) {
        const parent = this.#parents.pop()
        if (parent === undefined) return true
        this.#id = parent
        continue
      }
      const child = await this.#stoppedChild(state)
      if (child !== null) {
        this.#parents.push(this.#id)
        this.#id = child.id
        continue
      }
      if (left <= 0) return false
    }
  }

  /** The child that it waits for and that is stopped itself. */
  async #stoppedChild({ status }: DebugState): Promise<Execution | null> {
    if (status !== 'WAITING_DEPENDENCY') return null
    const { items } = await this.client.executions.children(this.#id, {
      filter: { field: 'status', op: 'eq', value: 'PAUSED' },
      limit: 50,
    })
    return items.find(({ why }) => why?.waits.some(({ kind }) => kind === 'BREAK') === true) ?? null
  }
}
