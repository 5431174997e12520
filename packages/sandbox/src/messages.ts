import type { DebugOptions } from './debug/compile-debug.ts'
import type { RealmLimits } from './realm/limits.ts'

/** What the engine's side says to a sandbox process. Bodies: see each. */
export type ToProcess =
  /** First of all. Body: the realm's source. */
  | {
      readonly type: 'hello'
      readonly limits: RealmLimits
      readonly memoryMib: number
      readonly cpuMs: number
      readonly processMib: number
    }
  /** Makes a realm for a script. Body: the script's source, after that of the debugger's realm if it has one. */
  | {
      readonly type: 'open'
      readonly id: number
      readonly realm: number
      readonly language: string
      readonly debug?: { readonly options: DebugOptions; readonly realmChars: number }
    }
  /** Body: a JSON array of activations. */
  | { readonly type: 'run'; readonly id: number; readonly realm: number }
  /** Body: a JSON array of keys. */
  | { readonly type: 'forget'; readonly realm: number }
  | { readonly type: 'close'; readonly realm: number }
  | { readonly type: 'ping'; readonly id: number }

export type Failure = 'cpu' | 'memory' | 'broken'

/** What comes back. Nothing of it is trusted. */
export type FromProcess =
  | { readonly type: 'ready' }
  /** Body: a JSON array of results, in order, for `run`. */
  | { readonly type: 'done'; readonly id: number; readonly heap?: number }
  | {
      readonly type: 'syntax'
      readonly id: number
      readonly message: string
      readonly line: number
      readonly column: number
    }
  | {
      readonly type: 'failed'
      readonly id: number
      readonly why: Failure
      readonly message: string
    }

/** Exit codes by which a process says why it gave up on itself. */
export const EXIT_STUCK = 71
export const EXIT_MEMORY = 72
