import { AsyncLocalStorage } from 'node:async_hooks'
import { createRng, type Rng } from '../program/index.ts'

/** A running copy of a service. What it begins carries it along, over any number of awaits. */
export interface Instance {
  readonly name: string
  readonly processId: string
  /** How far the clock of its machine is off; Postgres's is right by definition. */
  readonly skewMs: number
  /** frozen: SIGSTOP. dead: kill -9; nothing of it ever goes on. */
  state: 'up' | 'frozen' | 'dead'
}

/** Something that may happen next. */
export interface Task {
  readonly owner: Instance | null
  readonly label: string
  readonly run: () => void
  /** Not before this holds; default always. */
  readonly ready?: () => boolean
}

interface SimTimer {
  readonly at: number
  readonly order: number
  readonly owner: Instance | null
  readonly label: string
  readonly fn: () => void
  readonly repeats: number | null
  cancelled: boolean
}

/** 2027-01-01: any fixed day. */
const BIRTH_MS = 1_798_761_600_000

/**
 * One history: a seed decides which of the things that may happen next does, and time moves only
 * when nothing else can. Between two steps every instance stands at an await of one of its ports, so
 * killing one between two steps is a crash at any await.
 */
export class World {
  readonly rng: Rng
  readonly trace: string[] = []
  /** What an instance threw and nobody caught. */
  readonly uncaught: unknown[] = []
  now = BIRTH_MS
  steps = 0
  #tasks: Task[] = []
  #timers: SimTimer[] = []
  #order = 0
  #ids = 0

  constructor(seed: number) {
    this.rng = createRng(seed)
  }

  get elapsedMs(): number {
    return this.now - BIRTH_MS
  }

  /** Queues what may happen; the seed says when, among all that is ready. */
  enqueue(task: Task): void {
    if (task.owner?.state !== 'dead') this.#tasks.push(task)
  }

  timer(ms: number, label: string, fn: () => void, repeats = false): { cancel(): void } {
    const owner = instanceNow()
    const timer = {
      at: this.now + Math.max(0, ms),
      order: (this.#order += 1),
      owner,
      label,
      fn,
      repeats: repeats ? Math.max(1, ms) : null,
      cancelled: false,
    }
    if (owner?.state !== 'dead') this.#timers.push(timer)
    return {
      cancel: () => {
        timer.cancelled = true
      },
    }
  }

  /** Resolves in the driver's own time. */
  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.timer(ms, 'driver', resolve))
  }

  newId(): string {
    this.#ids += 1
    const time = Math.floor(this.now).toString(16).padStart(12, '0')
    const count = this.#ids.toString(16).padStart(6, '0')
    const chance = (digits: number): string =>
      this.rng
        .int(16 ** digits)
        .toString(16)
        .padStart(digits, '0')
    return `${time.slice(0, 8)}-${time.slice(8)}-7${count.slice(0, 3)}-8${count.slice(3)}-${chance(6)}${chance(6)}`
  }

  note(text: string): void {
    const seconds = (this.elapsedMs / 1_000).toFixed(3).padStart(9)
    this.trace.push(`${seconds} ${text}`)
  }

  /** Lets one thing happen. False: nothing is left before `until`. */
  async step(until: number): Promise<boolean> {
    let ready = this.#tasks.filter(isReady)
    while (ready.length === 0) {
      if (!this.#advance(until)) return false
      ready = this.#tasks.filter(isReady)
    }
    const task = ready.length === 1 ? ready[0] : this.rng.pick(ready)
    if (task === undefined) return false
    this.#tasks.splice(this.#tasks.indexOf(task), 1)
    this.steps += 1
    this.note(`${task.owner?.name ?? '-'} ${task.label}`)
    try {
      runAs(task.owner, task.run)
    } catch (error) {
      this.uncaught.push(error)
    }
    await quiet()
    return true
  }

  /** Moves time to the next timer. A frozen instance's timers stay due. */
  #advance(until: number): boolean {
    let next: SimTimer | null = null
    this.#timers = this.#timers.filter((timer) => !timer.cancelled && timer.owner?.state !== 'dead')
    for (const timer of this.#timers) {
      if (timer.owner?.state === 'frozen') continue
      if (next === null || timer.at < next.at) next = timer
    }
    if (next === null || next.at > until) {
      this.now = Math.max(this.now, until)
      return false
    }
    this.now = Math.max(this.now, next.at)
    const due = this.#timers.filter(
      (timer) => timer.at <= this.now && timer.owner?.state !== 'frozen',
    )
    for (const timer of due) {
      this.#timers.splice(this.#timers.indexOf(timer), 1)
      this.#fire(timer)
    }
    return true
  }

  #fire(timer: SimTimer): void {
    this.enqueue({
      owner: timer.owner,
      label: timer.label,
      run: () => {
        if (timer.cancelled) return
        if (timer.repeats !== null) {
          this.#order += 1
          const again = { ...timer, at: this.now + timer.repeats, order: this.#order }
          // The handle that was given out cancels all of them.
          Object.defineProperty(again, 'cancelled', {
            get: () => timer.cancelled,
            set: (is: boolean) => {
              timer.cancelled = is
            },
          })
          this.#timers.push(again)
        }
        timer.fn()
      },
    })
  }

  /** kill -9. What it had queued never happens; `orphans` says what becomes of each such thing. */
  kill(instance: Instance): void {
    instance.state = 'dead'
    this.#tasks = this.#tasks.filter((task) => task.owner !== instance)
  }

  /** Tasks that wait, for ports that must deal with those of a dead instance first. */
  tasksOf(instance: Instance): readonly Task[] {
    return this.#tasks.filter((task) => task.owner === instance)
  }
}

const isReady = (task: Task): boolean =>
  (task.owner === null || task.owner.state === 'up') && (task.ready === undefined || task.ready())

const running = new AsyncLocalStorage<Instance | null>()

/** Which instance's code this is; null: the driver's. */
export const instanceNow = (): Instance | null => running.getStore() ?? null

export const runAs = <T>(instance: Instance | null, fn: () => T): T => running.run(instance, fn)

/** Resolves when no promise can go on by itself. */
const quiet = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** A promise of a dead instance: nobody goes on after it. */
export const never = <T>(): Promise<T> => new Promise<T>(() => undefined)
