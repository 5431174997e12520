import type { Activation, ActivationResult } from '@millrace/replay'
import { checkResults, MalformedResult } from './check-result.ts'
import type { Lost } from './check-result.ts'
import { EXIT_STUCK } from './messages.ts'
import type { Failure } from './messages.ts'
import { debugRealmSource } from './realm-source.ts'
import { ProcessDied } from './sandbox-process.ts'
import type { Reply, SandboxProcess } from './sandbox-process.ts'
import type { Script } from './sandbox-options.ts'

/** What ended a batch: what its process said, or what was seen of it. */
type BatchEnd = Failure | 'hung'

/** Why a batch has no results. */
export type BatchFailure =
  | { readonly why: 'syntax'; readonly message: string }
  | { readonly why: BatchEnd; readonly message: string; readonly processDied: boolean }

export type BatchOutcome =
  { readonly results: (ActivationResult | Lost)[] } | { readonly failure: BatchFailure }

let nextNumber = 1

/** Nothing of it is suspended: it is lost, has ended, or its debugger has stopped it. */
export function isOver(result: ActivationResult | Lost): boolean {
  return 'lost' in result || result.end !== null || result.stop !== undefined
}

/** V8 aborts, and the kernel kills, where memory runs out: whoever ended and does not say why. */
function whyOf({ death, exitCode }: ProcessDied): BatchEnd {
  if (death === 'hung') return 'hung'
  if (death === 'malformed') return 'broken'
  return exitCode === EXIT_STUCK ? 'cpu' : 'memory'
}

/** One realm of a process, as seen from the engine's side. */
export class Realm {
  readonly hash: string
  readonly process: SandboxProcess
  /** Executions that are suspended in it. */
  readonly suspended = new Set<string>()
  /** Batches on their way. */
  busy = 0
  /** How many executions it has ever begun. */
  begun = 0
  heapBytes = 0
  closed = false
  usedAt = 0
  readonly #number = nextNumber++
  readonly #opened: Promise<Reply>

  constructor(process: SandboxProcess, script: Script) {
    this.process = process
    this.hash = script.hash
    this.#opened = this.#open(script)
    this.#opened.catch(() => undefined)
  }

  get gone(): boolean {
    return this.closed || this.process.dead
  }

  /** Throws ProcessDied when the process could not be had; nothing of the batch has counted then. */
  async run(batch: readonly Activation[]): Promise<BatchOutcome> {
    this.busy++
    for (const { kind } of batch) if (kind === 'start') this.begun++
    try {
      // Asked for without waiting for the realm: the process takes its messages in order.
      const asked = this.process.ask({ type: 'run', realm: this.#number }, JSON.stringify(batch))
      asked.catch(() => undefined)
      const opened = (await this.#opened).head
      if (opened.type === 'syntax') {
        this.closed = true
        const place = `(flow:${opened.line}:${opened.column})`
        return { failure: { why: 'syntax', message: `SyntaxError: ${opened.message} ${place}` } }
      }
      if (opened.type === 'failed') return this.#failed(opened.why, opened.message, false)
      const { head, body } = await asked
      if (head.type === 'failed') return this.#failed(head.why, head.message, false)
      if (head.type !== 'done') throw new MalformedResult('an answer of another kind')
      if (typeof head.heap === 'number') this.heapBytes = head.heap
      const results = checkResults(body, batch)
      for (const result of results) {
        if (isOver(result)) this.suspended.delete(result.key)
        else this.suspended.add(result.key)
      }
      return { results }
    } catch (error) {
      if (error instanceof MalformedResult) {
        this.process.kill(error.message, 'malformed')
        return this.#failed('broken', error.message, true)
      }
      // A process that cannot be had is no fault of the code: the engine gives its executions back.
      if (!(error instanceof ProcessDied) || error.death === 'unable') throw error
      return this.#failed(whyOf(error), error.message, true)
    } finally {
      this.busy--
    }
  }

  forget(key: string): void {
    if (this.suspended.delete(key))
      this.process.tell({ type: 'forget', realm: this.#number }, JSON.stringify([key]))
  }

  close(): void {
    if (this.closed) return
    this.closed = true
    this.process.tell({ type: 'close', realm: this.#number })
  }

  #open({ language, source, debug }: Script): Promise<Reply> {
    const open = { type: 'open', realm: this.#number, language } as const
    if (debug === undefined) return this.process.ask(open, source)
    const realm = debugRealmSource()
    return this.process.ask(
      { ...open, debug: { options: debug, realmChars: realm.length } },
      realm + source,
    )
  }

  #failed(why: BatchEnd, message: string, processDied: boolean): BatchOutcome {
    this.closed = true
    return { failure: { why, message, processDied } }
  }
}
