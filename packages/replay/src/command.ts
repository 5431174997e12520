import type { Json } from './history.ts'
import type { RecordRequest } from './record-request.ts'

export type ReturnWhen =
  | 'ALL_ENDED'
  | 'ALL_SUCCEEDED'
  | 'FIRST_ENDED'
  | 'FIRST_SUCCEEDED'
  | { readonly ended: number }
  | { readonly succeeded: number }

/**
 * What the code asks of the world. `step`, `log` and `save` ask nothing and never come out. `again`: its
 * life has inherited the call unanswered; what it asked for is there, and only the wait is to be opened.
 */
export type Command = { readonly seq: number; readonly again?: true } &
  /** Create a child and answer at once; `run: false` leaves it PAUSED. */
  (
    | {
        readonly kind: 'start'
        readonly child: ChildSpec
        readonly run: boolean
        /** The debugger stepped into the line: the child is to stop at its first line. */
        readonly break?: true
      }
    /** Create a child and wait for it. */
    | {
        readonly kind: 'call'
        readonly child: ChildSpec
        readonly returnWhen: ReturnWhen
        readonly timeout: number | null
        readonly break?: true
      }
    /** Wait for executions that exist already. */
    | {
        readonly kind: 'wait'
        readonly ids: readonly string[]
        readonly returnWhen: ReturnWhen
        readonly timeout: number | null
      }
    /** Exactly one of both: seconds from now, or ms since 1970. */
    | { readonly kind: 'sleep'; readonly seconds?: number; readonly until?: number }
    | { readonly kind: 'lock'; readonly lock: LockName; readonly timeout: number | null }
    | { readonly kind: 'unlock'; readonly lock: LockName }
    | { readonly kind: 'setting_get'; readonly name: string }
    | { readonly kind: 'setting_set'; readonly name: string; readonly value: Json }
    /** A file's content, or what is known of it. */
    | {
        readonly kind: 'file_get'
        readonly name: string
        readonly as: 'text' | 'base64' | 'facts'
      }
    /** Replace a file's content. */
    | {
        readonly kind: 'file_set'
        readonly name: string
        readonly as: 'text' | 'base64'
        readonly content: string
      }
    | { readonly kind: 'file_delete'; readonly name: string }
    | {
        readonly kind: 'control'
        readonly action: 'cancel' | 'pause' | 'resume'
        readonly id: string
      }
    /** Read fields of an execution of this workspace. */
    | { readonly kind: 'read'; readonly id: string; readonly fields: readonly string[] }
    /** Ask for records, or change one. A gateway does it, by the rules of its API, and answers. */
    | { readonly kind: 'record'; readonly request: RecordRequest }
    /** Ask people; without `wait` it is answered at once, and nobody has to answer. */
    | {
        readonly kind: 'message'
        readonly message: MessageSpec
        readonly wait: boolean
        readonly timeout: number | null
      }
    /** Wait for the answer to a message that exists already, whoever has asked. */
    | { readonly kind: 'message_wait'; readonly id: string; readonly timeout: number | null }
    | { readonly kind: 'message_read'; readonly id: string }
    /** A link with which somebody answers without a login. */
    | {
        readonly kind: 'message_link'
        readonly id: string
        readonly recipient: string
        readonly expiresAfter: number | null
      }
  )

export type LockName =
  { readonly setting: string } | { readonly semaphore: string; readonly capacity: number }

/** A child to create. Timeouts and delays are seconds. */
export interface ChildSpec {
  /** Made of parent, generation and command number (`childId`): starting it twice starts it once. */
  readonly id: string
  readonly type: 'FLOW' | 'SCRIPT' | 'CONNECTION' | 'WRAPPER'
  /** FLOW: name or id. */
  readonly flow?: string
  /** SCRIPT: the source text. */
  readonly script?: string
  /** CONNECTION: name or id of a connector, or its type with all inputs inline. */
  readonly connector?: string
  readonly connectorType?: string
  /** WRAPPER: name or id. */
  readonly wrapper?: string
  readonly name?: string
  readonly input: Json
  /** Those of this call from the outermost on, by name or id, with what each is given besides. */
  readonly wrappers?: readonly { readonly wrapper: string; readonly input: Json }[]
  /** The static wrappers of what it runs are left out. */
  readonly unwrapped?: boolean
  /** Of what it runs, where a wrapper starts that for a call that gave them. */
  readonly breakpoints?: readonly number[]
  readonly orphan?: boolean
  readonly priority?: number
  readonly projectId?: string
  readonly description?: string
  readonly metadata?: Json
  /** ms since 1970 */
  readonly scheduledFor?: number
  readonly savepointRetention?: 'ALL' | 'LAST'
  /** Seconds; null: no limit, whatever its flow says. */
  readonly maxRuntime?: number | null
}

/** What to ask of people. The engine checks all of it; packages/form says what it means. */
export interface MessageSpec {
  /** Made of execution, generation and command number, as a child's: asking twice asks once. */
  readonly id: string
  /** Of `subject`, `message`, `request` and `body` those that were given. */
  readonly content: { readonly [field: string]: Json }
  /** `assignees`, `allows_links`, `due_after`, … : those that were given. */
  readonly fields: { readonly [field: string]: Json }
}
