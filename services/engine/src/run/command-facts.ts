import { type Command, fileNameProblem } from '@millrace/replay'
import {
  type Database,
  type ExecutionFacts,
  findFiles,
  type FoundFile,
  type MessageRow,
  readFacts,
  readMessages,
  type ResolvedFlow,
  type ResolvedSetting,
  resolveFlows,
  resolveSettings,
} from '@millrace/store'
import { type Child, resolveChildren } from './children.ts'
import type { Collected } from './collected.ts'
import type { Held } from './held.ts'

/** What must be known to answer the commands of one message; read together, not one by one. */
export interface CommandFacts {
  /** By command number. */
  readonly childOf: ReadonlyMap<number, Child>
  /** By name; null for one that does not exist. */
  readonly settingOf: ReadonlyMap<string, ResolvedSetting | null>
  /** By name; null for one that does not exist. */
  readonly fileOf: ReadonlyMap<string, FoundFile | null>
  /** By id: executions of this workspace that have a row. */
  readonly rowOf: ReadonlyMap<string, ExecutionFacts>
  /** By id: messages of this workspace that have a row. */
  readonly messageOf: ReadonlyMap<string, MessageRow>
  /** Flows that messages are to start, by name or id; null for one that does not exist. */
  readonly flowOf: ReadonlyMap<string, ResolvedFlow | null>
}

export async function gatherFacts(
  db: Database,
  held: Held,
  { collected, commands }: { readonly collected: Collected; readonly commands: readonly Command[] },
): Promise<CommandFacts> {
  const { workspaceId } = held
  const starts = commands.filter(isStart)
  const names = [...new Set(commands.flatMap(settingNames))]
  const ids = [...new Set(commands.flatMap(executionIds))].filter(
    (id) => !collected.children.has(id) && isId(id),
  )
  const fileNames = [...new Set(commands.flatMap(readFileNames))]
  const asked = new Set(collected.messages.map((message) => message.id))
  const messageIds = [...new Set(commands.flatMap(messageIdsOf))].filter(
    (id) => !asked.has(id) && isId(id),
  )
  const flowRefs = [...new Set(commands.flatMap(flowRefsOf))]
  const [children, settings, files, rows, messages, flows] = await Promise.all([
    starts.length === 0 ? [] : resolveChildren(db, held, starts.map(toChild)),
    names.length === 0
      ? []
      : resolveSettings(
          db,
          names.map((ref) => ({ workspaceId, ref })),
        ),
    fileNames.length === 0
      ? []
      : findFiles(
          db,
          fileNames.map((name) => ({ workspaceId, name })),
        ),
    ids.length === 0
      ? []
      : readFacts(
          db,
          ids.map((executionId) => ({ workspaceId, executionId })),
        ),
    readMessages(
      db,
      messageIds.map((messageId) => ({ workspaceId, messageId })),
    ),
    flowRefs.length === 0
      ? []
      : resolveFlows(
          db,
          flowRefs.map((ref) => ({ workspaceId, ref })),
        ),
  ])
  return {
    childOf: new Map(starts.flatMap(({ seq }, at) => (children[at] ? [[seq, children[at]]] : []))),
    settingOf: new Map(names.map((name, at) => [name, settings[at] ?? null])),
    fileOf: new Map(fileNames.map((name, at) => [name, files[at] ?? null])),
    rowOf: new Map(rows.map((row) => [row.id, row])),
    messageOf: new Map(messages.map((row) => [row.id, row])),
    flowOf: new Map(flowRefs.map((ref, at) => [ref, flows[at] ?? null])),
  }
}

type Start = Extract<Command, { readonly kind: 'start' | 'call' }>

/** One that was inherited has its child already. */
const isStart = (command: Command): command is Start =>
  (command.kind === 'start' || command.kind === 'call') && command.again !== true

const toChild = (command: Start) => ({
  child: command.child,
  paused: command.kind === 'start' && !command.run,
  isSteppedInto: command.break === true,
})

function settingNames(command: Command): string[] {
  switch (command.kind) {
    case 'setting_get':
    case 'setting_set':
      return [command.name]
    case 'lock':
    case 'unlock':
      return 'setting' in command.lock ? [command.lock.setting] : []
    default:
      return []
  }
}

/** Of those that are read: a write asks nothing. */
function readFileNames(command: Command): string[] {
  if (command.kind !== 'file_get' && command.kind !== 'file_delete') return []
  return fileNameProblem(command.name) === null ? [command.name] : []
}

function executionIds(command: Command): readonly string[] {
  if (command.kind === 'wait') return command.ids
  return command.kind === 'read' || command.kind === 'control' ? [command.id] : []
}

function messageIdsOf(command: Command): readonly string[] {
  switch (command.kind) {
    case 'message_wait':
    case 'message_read':
    case 'message_link':
      return [command.id]
    default:
      return []
  }
}

/** Those that a message names to remind and to escalate. */
function flowRefsOf(command: Command): readonly string[] {
  if (command.kind !== 'message') return []
  const { remind_flow: remind, escalate_flow: escalate } = command.message.fields
  return [remind, escalate].flatMap((ref) => (typeof ref === 'string' ? [ref.trim()] : []))
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
const isId = (id: string): boolean => UUID.test(id)
