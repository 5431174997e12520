import { VALUE_MAX_BYTES } from '@millrace/replay'
import type { Logger } from '@millrace/runtime'
import type { DebugOptions } from './debug/compile-debug.ts'

/** What one execution, realm and process may use. */
export interface SandboxLimits {
  /** MiB of heap and buffers per realm; default 128. V8 takes it as a guideline: up to twice as much may be reached. */
  readonly memoryMib: number
  /** ms of CPU time from one answer to the next; default 5,000. */
  readonly cpuMs: number
  /** Calls of the Flow API per execution, log lines apart; default 100,000. */
  readonly commands: number
  /** Log lines; defaults 10,000 and 100,000. */
  readonly logsPerActivation: number
  readonly logs: number
  /** Bytes of JSON per value; default VALUE_MAX_BYTES. */
  readonly payloadBytes: number
  /** Levels of nesting per value; default 64. */
  readonly depth: number
  /** MiB of memory of a whole process; default 1,536. */
  readonly processMib: number
  /**
   * ms without a sign of life after which a process is taken for hung; default 60,000. Where the
   * machine is busy elsewhere, starting one may take half of it; a loop ends by its CPU time before.
   */
  readonly hungMs: number
  /** Executions kept suspended, over all workspaces; default 20,000. The oldest are forgotten first. */
  readonly suspended: number
  /** Processes, of all workspaces; default 32. */
  readonly processes: number
  /** Realms per process; default 32. */
  readonly realms: number
  /** ms after which an idle realm or process is given up; default 60,000. */
  readonly idleMs: number
}

export const DEFAULT_LIMITS: SandboxLimits = {
  memoryMib: 128,
  cpuMs: 5_000,
  commands: 100_000,
  logsPerActivation: 10_000,
  logs: 100_000,
  payloadBytes: VALUE_MAX_BYTES,
  depth: 64,
  processMib: 1_536,
  hungMs: 60_000,
  suspended: 20_000,
  processes: 32,
  realms: 32,
  idleMs: 60_000,
}

export interface SandboxOptions {
  readonly log: Logger
  readonly limits?: Partial<SandboxLimits>
  /** `auto`: bubblewrap around Node's permissions where it works. `permissions`: those alone. Default auto. */
  readonly isolation?: 'auto' | 'permissions'
  /** Where `bwrap` is looked for, as in PATH; default the usual folders. */
  readonly path?: string
}

/** The code of one realm: `hash` names the source and its language. */
export interface Script {
  readonly hash: string
  readonly language: string
  readonly source: string
  /** Compiled for the debugger. `debugScript` sets it, and with it a hash of its own. */
  readonly debug?: DebugOptions
}
