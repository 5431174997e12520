import type { RepeatClass } from '@millrace/connectors'

/** A connection that this process has under way. Version, epoch and attempt change as it goes. */
export interface Held {
  readonly workspaceId: string
  readonly executionId: string
  readonly generation: number
  readonly connectorType: string
  readonly repeatClass: RepeatClass
  readonly input: unknown
  readonly traceparent: string | null
  version: number
  epoch: number
  attempt: number
  nth: number
  /** See AttemptNotes. */
  mayHaveHappened: boolean
  /** Ends what is under way: a person's cancel, or the stop of this process. */
  readonly stop: AbortController
  /** Its being taken back after somebody had moved it; null: not under way. Never rejects. */
  adopting: Promise<void> | null
  /** Its end is written down, or kept: it is not taken back any more. */
  isOver: boolean
  /** Why it was stopped; null while it goes on. */
  stopped: 'cancelled' | 'draining' | null
}
