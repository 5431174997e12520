import type { ChildEnv, Stack } from '../stack/index.ts'
import type { Checker } from './evidence.ts'
import type { Hooks } from './load/hooks.ts'
import type { Rng } from './rng.ts'

/**
 * One row of the matrix in docs/chaos.md: the stack it needs and the faults it injects. `run` injects
 * until `chaos.signal` aborts and heals everything before it returns; the runner then waits until all
 * accepted executions have ended, and checks.
 */
export interface ChaosRow {
  /** Such as `M1`; parts of one row are `M2-gateway`, `M2-scheduler`. */
  readonly id: string
  readonly title: string
  readonly stack: StackShape
  /** A run only counts when another process has taken over an execution. */
  readonly takeover: boolean
  /** Names given to `chaos.fault` that each must have hit while executions were in flight. */
  readonly faults: readonly string[]
  /** Notes that must be above zero, or the run does not count. */
  readonly mustSee?: readonly string[]
  /** How long faults are injected; default 18 s. */
  readonly faultsMs?: number
  /** How long one run may take from start to end before it is ended; default 7 minutes. */
  readonly withinMs?: number
  /** How long after healing everything must have ended; default 120 s. */
  readonly quiesceMs?: number
  /** No call may meet more failures in a row (a broken connection, or 5xx); default: any number. */
  readonly failuresAtMost?: number
  readonly load?: LoadShape
  /** What only this row judges, besides what all runs are judged by. */
  readonly check?: Checker
  /** Throws ToolMissing on a machine that cannot run it: then it is reported as not run. */
  requires?(): void
  run(chaos: Chaos): Promise<void>
}

export interface StackShape {
  /** Default 3. */
  readonly engines?: number
  /** Copies of each other service; default 2. */
  readonly others?: number
  /** Each process reaches Postgres and NATS through seeded proxies of its own: `chaos.links`. */
  readonly proxied?: boolean
  /** For all processes of the stack. */
  readonly env?: Readonly<Record<string, string>>
  /** By process (`engine-1`) or service (`engine`), on top of everything else, such as LD_PRELOAD. */
  readonly childEnv?: ChildEnv
}

export interface LoadShape {
  /** Default 12. */
  readonly startsPerSecond?: number
  /** How often each kind of work is chosen, relative to each other; see load/work.ts. */
  readonly weights?: Readonly<Partial<Record<string, number>>>
  /** Share of the executions that are cancelled, paused and resumed at random; default 0.06. */
  readonly steered?: number
  /** Share of those that can be that are taken back to one of their savepoints; default none. */
  readonly takenBack?: number
}

/** How soon a stack must serve again after everything was killed; what serves later is a finding. */
export const BACK_WITHIN_MS = 60_000

/** What a row works with. */
export interface Chaos {
  readonly stack: Stack
  /** The urls of all gateways; the first one is the stack's. */
  readonly gateways: readonly string[]
  readonly rng: Rng
  /** Aborts when the faults phase is over. */
  readonly signal: AbortSignal
  /**
   * Runs `act` and notes its begin, its end, and the executions in flight at its begin. What it
   * throws is noted and thrown again. Answers `false` or null when it came too late to hit anything:
   * then it does not count as hit.
   */
  fault<T>(name: string, details: object, act: () => Promise<T> | T): Promise<T>
  /** Executions accepted and not yet known to have ended. */
  inFlight(): number
  /** Present when the stack is proxied. */
  readonly links: Links | null
  readonly load: RowLoad
  /** Rests for a while; false when the faults phase is over, at once. */
  rest(ms: number): Promise<boolean>
  /** Plain SQL on the stack's own Postgres, past all proxies. */
  sql<T extends object = Record<string, unknown>>(
    text: string,
    values?: readonly unknown[],
  ): Promise<T[]>
  /** A finding of the row itself, such as a limit that did not hold: the run is a violation. */
  violation(invariant: string, text: string, details?: object): void
  /** A number for the report, such as rejected stale writes. */
  note(name: string, value: number): void
}

export interface RowLoad {
  /** The url of the outside stub that logs effects. */
  readonly effectsUrl: string
  /**
   * Starts one piece of work of that kind now, besides the steady load; its outcome is checked like
   * any other. Answers with the id of the execution, or null when it was not accepted.
   */
  start(kind: string, more?: object): Promise<string | null>
  /** Calls the webhook of the load. */
  readonly hooks: Hooks
}

/** The seeded proxies of a proxied stack; `startLinks` of faults/ makes them. */
export interface Links extends AsyncDisposable {
  /** Of one process (`engine-1`) to one server. */
  of(process: string, server: Server): Link
  readonly all: readonly Link[]
  /** Every link passes everything again. */
  heal(): void
}

export type Server = 'postgres' | 'nats'

/** One proxy; faults/ says what else it can do. */
export interface Link {
  readonly process: string
  readonly server: Server
  /** Where the process connects to, on 127.0.0.1. */
  readonly port: number
}

/**
 * What faults/links.ts exports as `startLinks`. Proxies listen before the stack is started, so where
 * they lead is asked for at each connection: a restarted server may be anywhere.
 */
export type StartLinks = (options: {
  readonly processes: readonly string[]
  readonly rng: Rng
  readonly upstream: (server: Server) => Promise<{ host: string; port: number }>
}) => Promise<Links>
