/** All that a run leaves for the checkers: what clients saw, what the outside saw, what is stored. */
export interface Evidence {
  readonly ops: readonly Op[]
  readonly effects: readonly EffectRow[]
  readonly rows: StoredRows
}

/** One call of a client, its repeats with the same key included. Times: monotonic ns. */
export interface Op {
  readonly kind:
    'start' | 'cancel' | 'pause' | 'resume' | 'read' | 'revert' | 'debug' | 'reply' | 'hook'
  /**
   * The idempotency key of a start, the message's id of a reply, the delivery's id of a call of a
   * webhook; the execution's id of everything else.
   */
  readonly key: string
  readonly call: number
  /** When the answer came; null for none. */
  readonly ret: number | null
  /** `unknown`: no answer that says whether it happened. */
  readonly outcome: 'ok' | 'refused' | 'unknown'
  /** Of the last HTTP answer. */
  readonly status: number | null
  /** HTTP requests that were sent for it. */
  readonly tries: number
  /** How many in a row broke their connection or got a 5xx, at most. */
  readonly failures: number
  /** What the answer says: the id that was started, or the status that was read. */
  readonly value: string | null
  /** Of a start: what was asked for. */
  readonly work?: string
  /** Of a start its input; of a reply its words; of `debug` the stop; of a call whether it is signed. */
  readonly input?: unknown
}

/** One request that reached the outside stub. Times: monotonic ns. */
export interface EffectRow {
  readonly at: number
  readonly key: string
  readonly execution: string
  /** How it was sent: `put` may come again, `post` never. */
  readonly mode: 'put' | 'post'
  readonly lock: string | null
  readonly token: number | null
  readonly phase: string
  /** The effect took place; a repeat of an earlier one, or a token below a newer one, does not. */
  readonly acted: boolean
  readonly repeated: boolean
  readonly stale: boolean
  /** What the sender was told. */
  readonly answer: 'ok' | 'lost' | 'late' | 'error' | 'hung'
}

export interface StoredRows {
  readonly executions: readonly ExecutionRow[]
  readonly savepoints: readonly SavepointRow[]
  readonly answers: readonly AnswerRow[]
  readonly attempts: readonly AttemptRow[]
  /** What is still open: waits, members of waits, lock requests, holders. */
  readonly left: readonly LeftRow[]
  readonly reverts: readonly RevertRow[]
  readonly messages: readonly MessageRow[]
  /** Executions that webhooks have started. */
  readonly hooked: readonly HookedRow[]
  /** Places and turns that runs of limited flows had to get. */
  readonly gates: readonly GateRow[]
  /** Written by the triggers of audit.sql, in their order. */
  readonly events: readonly AuditEvent[]
}

/** Times: ms since 1970 by Postgres's clock, with fractions. */
export interface ExecutionRow {
  readonly id: string
  readonly type: string
  readonly status: string
  readonly name: string | null
  readonly message: string | null
  readonly output: unknown
  readonly generation: number
  readonly answered: number
  readonly recoveries: number
  readonly parent: string | null
  /** Outside of its parent's cancel. */
  readonly orphan: boolean
  readonly createdAt: number
  readonly startedAt: number | null
  readonly scheduledFor: number | null
  readonly endedAt: number | null
  /** The transaction that inserted the row, as far as its number is kept. */
  readonly xmin: number
}

export interface SavepointRow {
  readonly execution: string
  readonly generation: number
  readonly firstSeq: number
  readonly lastSeq: number
  readonly seqs: readonly number[]
  readonly createdAt: number
  readonly xmin: number
}

export interface AnswerRow {
  readonly execution: string
  readonly generation: number
  readonly position: number
  readonly seq: number
  readonly kind: string
  readonly createdAt: number
  readonly xmin: number
}

export interface AttemptRow {
  readonly execution: string
  readonly parent: string | null
  readonly attempt: number
  readonly repeatClass: string
  readonly startedAt: number
  readonly outcome: string | null
  readonly xmin: number
}

export interface LeftRow {
  readonly what: 'wait' | 'member' | 'request' | 'holder'
  readonly execution: string
  readonly detail: string
}

/** How an execution came to a generation. */
export interface RevertRow {
  readonly execution: string
  readonly generation: number
  readonly seq: number
  /** Its own code asked for it. */
  readonly own: boolean
}

export interface MessageRow {
  readonly id: string
  readonly execution: string
  readonly generation: number
  readonly status: string
  /** What its `string` field was answered with. */
  readonly answer: string | null
}

export interface HookedRow {
  readonly id: string
  /** The delivery that its call named. */
  readonly delivery: string
}

export interface GateRow {
  readonly key: string
  readonly execution: string
  readonly capacity: number
}

export interface AuditEvent {
  readonly n: number
  readonly at: number
  readonly xid: number
  readonly what: AuditKind
  readonly execution: string
  readonly detail: Readonly<Record<string, unknown>>
}

export type AuditKind =
  | 'born' // a child was made
  | 'end' // an execution has ended
  | 'after end' // something of an ended one was changed
  | 'backwards' // a version, epoch or generation fell
  | 'unversioned' // a status changed and the version did not
  | 'deleted' // an execution's row is gone
  | 'life' // an execution was taken back: a generation begins
  | 'no place' // a run of a limited flow goes on without its place
  | 'place lost' // and lost it while it lived
  | 'turn early' // a turn in a rate was free before its time
  | 'recovered' // taken from a lost process
  | 'handover' // in other hands than before
  | 'ask' // a lock request was made
  | 'ticket' // and got its place
  | 'unask' // and is gone
  | 'grant' // a lock has a holder
  | 'free' // and has lost it
  | 'wait over' // a wait is gone

export interface Violation {
  readonly invariant: string
  readonly text: string
  readonly details?: unknown
}

/** Judges one run. Pure: the same evidence gives the same findings. */
export type Checker = (evidence: Evidence) => Violation[]
