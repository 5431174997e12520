import type { Isolate, Reference } from 'isolated-vm'
import { toFunction } from '../compile-flow.ts'
import { toDebugFunction } from '../debug/compile-debug.ts'
import type { DebugOptions } from '../debug/compile-debug.ts'
import { EXIT_STUCK } from '../messages.ts'
import type { Failure } from '../messages.ts'

export interface Settings {
  readonly realmSource: string
  readonly limits: string
  readonly memoryMib: number
  readonly cpuMs: number
}

export type IsolateClass = new (options: {
  memoryLimit: number
  onCatastrophicError: () => void
}) => Isolate

export class RealmFailed extends Error {
  readonly why: Failure
  constructor(why: Failure, message: string) {
    super(message)
    this.why = why
  }
}

/** About half a second. */
const STUCK_TICKS = 20
const AS_REFERENCE = { reference: true } as const
const COLLECT_CHARS = 8 * 1024 * 1024

/** One isolate with one script. Batches run one after the other, the author's code on a thread. */
export class RealmHost {
  readonly #isolate: Isolate
  readonly #settings: Settings
  readonly #calls: Record<'begin' | 'cross' | 'settle' | 'collect' | 'forget', Reference>
  #last: Promise<unknown> = Promise.resolve()
  /** The isolate's time at the start of the crossing; null between crossings. */
  #crossingSince: bigint | null = null
  /** What the process had used when this crossing was seen first. */
  #seen: { readonly since: bigint; readonly processMs: number } | null = null
  #killed: Failure | null = null
  #killedAtTick = 0
  #batches = 0
  /** Says whose fault the end of the process is. */
  #lastWords: () => void = () => undefined

  /** With `debug`, `settings` has the source of the debugger's realm. */
  constructor(
    IsolateOf: IsolateClass,
    settings: Settings,
    source: string,
    language: string,
    debug: DebugOptions | null = null,
  ) {
    this.#settings = settings
    const flow =
      debug === null ? toFunction(source, language) : toDebugFunction(source, language, debug)
    this.#isolate = new IsolateOf({
      memoryLimit: settings.memoryMib,
      // V8 has lost the isolate: nothing but the end of the process helps.
      onCatastrophicError: () => process.exit(EXIT_STUCK),
    })
    const context = this.#isolate.createContextSync()
    const build = this.#isolate.compileScriptSync(settings.realmSource, {
      filename: 'millrace:realm',
    })
    const realm: Reference = build
      .runSync(context, AS_REFERENCE)
      .applySync(undefined, [settings.limits], { result: AS_REFERENCE })
    const call = (name: string): Reference => realm.getSync(name, AS_REFERENCE)
    const script = this.#isolate.compileScriptSync(flow.code, {
      filename: 'flow',
      columnOffset: flow.columnOffset,
    })
    const factory = script.runSync(context, AS_REFERENCE)
    call('define').applySync(undefined, [
      factory.derefInto(),
      JSON.stringify({
        names: flow.names,
        bare: flow.bare,
        inserts: flow.inserts,
        ...('hook' in flow && { hook: flow.hook }),
      }),
    ])
    this.#calls = {
      begin: call('begin'),
      cross: call('cross'),
      settle: call('settle'),
      collect: call('collect'),
      forget: call('forget'),
    }
  }

  /** Runs a batch and returns the texts of its results; throws RealmFailed, and is of no use after that. */
  run(batch: string, lastWords: () => void): Promise<string> {
    const mine = this.#last.then(() => {
      this.#lastWords = lastWords
      return this.#run(batch)
    })
    this.#last = mine.then(undefined, () => undefined)
    return mine
  }

  forget(keys: string): void {
    void this.#last.then(() => {
      if (!this.#isolate.isDisposed) this.#calls.forget.applySync(undefined, [keys])
    })
  }

  /** Used heap in bytes, read now and then since reading it takes its time. */
  heap(): number | undefined {
    if (this.#batches++ % 32 !== 0 || this.#isolate.isDisposed) return undefined
    const { used_heap_size, externally_allocated_size } = this.#isolate.getHeapStatisticsSync()
    return used_heap_size + externally_allocated_size
  }

  /** Called while batches run; ends a crossing that has used up its CPU time. */
  watch(tick: number): void {
    if (this.#killed !== null) {
      // Some of V8's own loops do not notice that they were told to stop.
      if (this.#crossingSince === null || tick - this.#killedAtTick < STUCK_TICKS) return
      this.#lastWords()
      process.exit(EXIT_STUCK)
    }
    if (this.#crossingSince === null || this.#isolate.isDisposed) return
    if (!this.#isOverdue(this.#crossingSince)) return
    this.#killed = 'cpu'
    this.#killedAtTick = tick
    this.#isolate.dispose()
  }

  /**
   * The isolate's time goes on while its thread waits for a processor, so on a busy machine it alone
   * would end who has done little. The process has used at least what the crossing has.
   */
  #isOverdue(since: bigint): boolean {
    const { user, system } = process.cpuUsage()
    const processMs = (user + system) / 1_000
    if (this.#seen?.since !== since) this.#seen = { since, processMs }
    const isolateMs = Number(this.#isolate.cpuTime - since) / 1e6
    const { cpuMs } = this.#settings
    return isolateMs >= cpuMs && processMs - this.#seen.processMs >= cpuMs
  }

  close(): void {
    void this.#last.then(() => {
      if (!this.#isolate.isDisposed) this.#isolate.dispose()
    })
  }

  async #run(batch: string): Promise<string> {
    try {
      const { begin, cross, settle, collect } = this.#calls
      let part = begin.applySync(undefined, [batch, COLLECT_CHARS]) as string | null
      while (part === null) {
        this.#crossingSince = this.#isolate.cpuTime
        try {
          await cross.apply(undefined, [])
        } catch (error) {
          // A promise of the author's that was rejected and never handled ends up here; it ends nothing.
          if (this.#isolate.isDisposed) throw error
        }
        this.#crossingSince = null
        part = settle.applySync(undefined, [COLLECT_CHARS]) as string | null
      }
      let text = part
      while (part.length >= COLLECT_CHARS) {
        part = collect.applySync(undefined, [COLLECT_CHARS]) as string
        if (part !== '') text += `,${part}`
      }
      return text
    } catch (error) {
      this.#crossingSince = null
      throw this.#failure(error)
    }
  }

  #failure(error: unknown): RealmFailed {
    const message = error instanceof Error ? error.message : String(error)
    if (this.#killed !== null) return new RealmFailed(this.#killed, message)
    if (this.#isolate.isDisposed) return new RealmFailed('memory', message)
    this.#isolate.dispose()
    return new RealmFailed(
      /string length|allocation|memory/i.test(message) ? 'memory' : 'broken',
      message,
    )
  }
}
