import type { Json, LockName, Outcome } from '@millrace/replay'
import { functionOf, invalid, nameOf, objectOf, onlyKeys, timeoutOf } from './arguments.ts'
import { valueOrThrow } from './child-execution.ts'
import { isRecord, LockTimeoutError, withFrames } from './exceptions.ts'
import { promised } from './promised.ts'
import { StoredRecord } from './records.ts'
import type { Run } from './run.ts'
import { jsonText } from './text.ts'

/** A lock: that of a setting or a semaphore of some capacity. */
export class Lock {
  readonly #run: Run
  readonly #lock: LockName
  readonly #label: string
  readonly #api: string

  constructor(run: Run, api: string, lock: LockName, label: string) {
    this.#run = run
    this.#api = api
    this.#lock = lock
    this.#label = label
  }

  acquire(options?: unknown): Promise<{ readonly token: Json }> {
    return promised(() => {
      const api = `${this.#api}.acquire`
      const given = objectOf(api, 'options', options)
      onlyKeys(api, 'options', given, ['timeout'])
      const timeout = timeoutOf(api, given['timeout'])
      const args = (): string =>
        `"lock":${JSON.stringify(this.#lock)},"timeout":${timeout ?? 'null'}`
      return this.#run.ask({ api, kind: 'lock', label: this.#label, args }, (outcome, frames) => {
        if (outcome.kind === 'timeout') {
          throw withFrames(
            new LockTimeoutError(`the lock "${this.#label}" was not free within ${timeout ?? 0} s`),
            frames,
          )
        }
        const value = valueOrThrow(outcome, frames)
        return Object.freeze({ token: (isRecord(value) ? (value['token'] as Json) : null) ?? null })
      })
    })
  }

  release(): Promise<void> {
    return promised(() => {
      const api = `${this.#api}.release`
      const args = (): string => `"lock":${JSON.stringify(this.#lock)}`
      return this.#run.ask({ api, kind: 'unlock', label: this.#label, args }, done)
    })
  }

  /** Runs `work` alone and releases the lock whatever came of it. */
  lock<T>(work: unknown, options?: unknown): Promise<T> {
    return promised(async () => {
      const alone = functionOf<T>(`${this.#api}.lock`, 'the first argument', work)
      await this.acquire(options)
      try {
        return await alone()
      } finally {
        // A signal ends the execution, and that releases everything.
        if (this.#run.signal === null) await this.release()
      }
    })
  }
}

export class Setting extends Lock {
  readonly #run: Run
  readonly #name: string
  #record: StoredRecord | null = null

  constructor(run: Run, name: string) {
    super(run, 'setting', { setting: name }, name)
    this.#run = run
    this.#name = name
    Object.freeze(this)
  }

  get name(): string {
    return this.#name
  }

  /** Its value, or fields of its record. */
  get(...fields: unknown[]): Promise<Json> {
    if (fields.length > 0) return this.#stored().get(...fields)
    return promised(() => {
      const args = (): string => `"name":${JSON.stringify(this.#name)}`
      return this.#run.ask(
        { api: 'setting.get', kind: 'setting_get', label: this.#name, args },
        valueOrThrow,
      )
    })
  }

  set(value: unknown): Promise<void> {
    return promised(() => {
      const text = this.#run.checked(() =>
        jsonText(value, `The value of the setting "${this.#name}"`),
      )
      const args = (): string => `"name":${JSON.stringify(this.#name)},"value":${text}`
      return this.#run.ask(
        { api: 'setting.set', kind: 'setting_set', label: this.#name, args },
        done,
      )
    })
  }

  load(...fields: unknown[]): Promise<Json> {
    return fields.length > 0 ? this.#stored().load(...fields) : this.get()
  }

  exists(): Promise<boolean> {
    return this.#stored().exists()
  }

  save(fields?: unknown): Promise<this> {
    return promised(() =>
      this.#stored()
        .save(fields)
        .then(() => this),
    )
  }

  delete(): Promise<boolean> {
    return this.#stored().delete()
  }

  clone(fields?: unknown): Promise<StoredRecord> {
    return this.#stored().clone(fields)
  }

  /** Its record, for those who look beyond its value: locks are taken far more often. */
  #stored(): StoredRecord {
    return (this.#record ??= new StoredRecord(this.#run, 'setting', this.#name))
  }
}

export class Semaphore extends Lock {
  readonly #name: string
  readonly #capacity: number

  constructor(run: Run, name: unknown, capacity: unknown) {
    const api = 'system.semaphore'
    const label = nameOf(api, 'name', name)
    if (
      typeof capacity !== 'number' ||
      !Number.isInteger(capacity) ||
      capacity < 1 ||
      capacity > 1_000_000
    ) {
      throw invalid(api, 'capacity', 'a whole number from 1 to 1,000,000', capacity)
    }
    super(run, 'semaphore', { semaphore: label, capacity }, label)
    this.#name = label
    this.#capacity = capacity
    Object.freeze(this)
  }

  get name(): string {
    return this.#name
  }

  get capacity(): number {
    return this.#capacity
  }
}

function done(outcome: Outcome, frames: () => string): void {
  valueOrThrow(outcome, frames)
}
