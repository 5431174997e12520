import type { NewExecution, NewFile, NewLockRequest, NewMessage, NewWait } from '@millrace/store'
import type {
  ActivationResult,
  End,
  HistoryEntry,
  Json,
  LogLine,
  Outcome,
  Stop,
} from '@millrace/replay'

/** What the crossings of one activation have brought so far; nothing of it exists before the commit. */
export interface Collected {
  readonly entries: HistoryEntry[]
  readonly logs: LogLine[]
  /** Outcomes that the engine gave by itself, by command. */
  readonly localOutcomes: Map<number, Outcome>
  /** By id: code waits for as many as it likes of them, and each is looked for. */
  readonly children: Map<string, NewExecution>
  readonly waits: NewWait[]
  readonly lockRequests: NewLockRequest[]
  /** Settings written, by name; a later write of the same activation wins. */
  readonly settings: Map<string, { readonly id: string; readonly value: Json }>
  /** Files written, by name; a later write of the same activation wins. */
  readonly files: Map<string, NewFile>
  /** Executions waited for that existed before: their end must be announced, and may be past. */
  readonly foreign: { readonly seq: number; readonly ids: readonly string[] }[]
  readonly messages: NewMessage[]
  /** Waits for messages that existed before, and may have been answered meanwhile. */
  readonly foreignMessages: number[]
  name: string | null
  message: string | undefined
  output: Json | undefined
  line: number | null
  lastCommand: string | null
  open: readonly number[]
  end: End | null
  /** The line at which the debugger has stopped it. */
  stop: Stop | null
}

export function createCollected(): Collected {
  return {
    entries: [],
    logs: [],
    localOutcomes: new Map(),
    children: new Map(),
    waits: [],
    lockRequests: [],
    settings: new Map(),
    files: new Map(),
    foreign: [],
    messages: [],
    foreignMessages: [],
    name: null,
    message: undefined,
    output: undefined,
    line: null,
    lastCommand: null,
    open: [],
    end: null,
    stop: null,
  }
}

/** Adds what one message from the sandbox brought. Commands are dealt with by `answerCommands`. */
export function collect(collected: Collected, result: ActivationResult): void {
  // One by one: an activation may bring more of them than a call takes arguments.
  for (const entry of result.entries) collected.entries.push(entry)
  for (const line of result.logs) collected.logs.push(line)
  collected.name = result.fields?.name ?? collected.name
  collected.message = result.fields?.message ?? collected.message
  if (result.fields?.output !== undefined) collected.output = result.fields.output
  collected.line = result.line ?? collected.line
  collected.lastCommand = result.lastCommand ?? collected.lastCommand
  collected.open = result.open
  collected.end = result.end
  collected.stop = result.stop ?? null
}
