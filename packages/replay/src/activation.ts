import type { Command } from './command.ts'
import type { DebugSettings, InspectAt, Stop } from './debug.ts'
import type { Answer, HistoryEntry, Json, LogLine, Outcome } from './history.ts'

/** One message into the sandbox about one execution. */
export type Activation =
  /** Run from the beginning: replay `history` and `answers`, then go on. */
  | {
      readonly kind: 'start'
      readonly key: string
      readonly self: SelfFacts
      readonly input: Json
      readonly history: readonly HistoryEntry[]
      readonly answers: readonly Answer[]
      /** For a realm of the debugger; others do not look at it. Without it nothing is stopped anew. */
      readonly debug?: DebugSettings
      /** Replay to this place only to look around; nothing that comes of it may be kept. */
      readonly inspect?: InspectAt
    }
  /** Go on with a suspended one: first the engine's own answers in command order, then positioned ones. */
  | {
      readonly kind: 'continue'
      readonly key: string
      readonly local: readonly LocalAnswer[]
      readonly answers: readonly Answer[]
      readonly debug?: DebugSettings
    }

/** An answer that the engine gave by itself, inside the activation that asked. */
export interface LocalAnswer {
  readonly seq: number
  readonly outcome: Outcome
}

/** What the code may know of its own execution. Times are ms since 1970. */
export interface SelfFacts {
  readonly id: string
  readonly workspaceId: string
  readonly generation: number
  readonly type: string
  readonly name: string | null
  readonly parentId: string | null
  readonly startedAt: number
}

/** What came of one activation: everything since the last one, in order. */
export interface ActivationResult {
  readonly key: string
  /** New entries, after those of the replayed history. */
  readonly entries: readonly HistoryEntry[]
  /** New commands for the host; each has its entry. */
  readonly commands: readonly Command[]
  readonly logs: readonly LogLine[]
  /** Fields of the execution's record that `save` and `setOutput` changed since the last result. */
  readonly fields: {
    readonly name?: string
    readonly message?: string
    readonly output?: Json
  } | null
  /** The last positioned answer that the code has seen. */
  readonly consumed: number
  /**
   * The oldest commands still unanswered, in their order; of very many not all, since each result says
   * them again. Empty and no `end`: the code awaits what never comes.
   */
  readonly open: readonly number[]
  readonly line: number | null
  readonly lastCommand: string | null
  readonly end: End | null
  /**
   * The code stands before a line, which is a wait like those in `open`. Nothing is suspended: the answer
   * goes in with a `start`, whose replay passes the line.
   */
  readonly stop?: Stop
}

export interface End {
  readonly status: 'ENDED_SUCCESS' | 'ENDED_ERROR' | 'ENDED_CANCELLED'
  readonly message: string | null
  readonly output: Json
  /**
   * Why the platform, and not the code, ended it. `reverted`: only this life ends, and the next one
   * begins after call `to`.
   */
  readonly reason?: 'limit' | 'diverged' | 'nothing_to_wait_for' | 'syntax' | 'reverted'
  readonly to?: number
}
