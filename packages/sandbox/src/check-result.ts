import { COMMAND_KINDS } from '@millrace/replay'
import type { Activation, ActivationResult } from '@millrace/replay'
import { isStop } from './debug/check-stop.ts'
import { isCount, isList, isRecord } from './is-record.ts'

/** What comes from a sandbox process instead of a result when it has lost the execution. */
export interface Lost {
  readonly key: string
  readonly lost: true
}

/** The process sent something that no honest one sends. */
export class MalformedResult extends Error {
  override readonly name = 'MalformedResult'
}

const KINDS: ReadonlySet<unknown> = new Set(COMMAND_KINDS)
const ENDS: ReadonlySet<unknown> = new Set(['ENDED_SUCCESS', 'ENDED_ERROR', 'ENDED_CANCELLED'])
const REASONS: ReadonlySet<unknown> = new Set([
  undefined,
  'limit',
  'diverged',
  'nothing_to_wait_for',
  'syntax',
  'reverted',
])

/** The results of a batch, checked: the code that made them may have taken over its process. */
export function checkResults(
  text: string,
  batch: readonly Activation[],
): (ActivationResult | Lost)[] {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    throw new MalformedResult('the results are not JSON')
  }
  if (!Array.isArray(parsed) || parsed.length !== batch.length)
    throw new MalformedResult('wrong number of results')
  return parsed.map((item: unknown, index) => {
    const key = batch[index]?.key
    if (!isRecord(item) || item['key'] !== key)
      throw new MalformedResult('a result of another execution')
    if (item['lost'] === true) return { key: item['key'] as string, lost: true }
    checkResult(item)
    return item as unknown as ActivationResult
  })
}

function checkResult(item: Record<string, unknown>): void {
  const { entries, commands, logs, fields, consumed, open, line, lastCommand, end, stop } = item
  want(isList(entries) && entries.every(isEntry), 'entries')
  want(isList(commands) && commands.every(isCommand), 'commands')
  want(isList(logs) && logs.every(isLog), 'logs')
  want(
    fields === null ||
      (isRecord(fields) && isTextOrAbsent(fields['name']) && isTextOrAbsent(fields['message'])),
    'fields',
  )
  want(isCount(consumed), 'consumed')
  want(isList(open) && open.every(isCount), 'open')
  want(line === null || isCount(line), 'line')
  want(lastCommand === null || typeof lastCommand === 'string', 'lastCommand')
  want(end === null || isEnd(end), 'end')
  want(stop === undefined || (end === null && isStop(stop)), 'stop')
}

function isEntry(value: unknown): boolean {
  return (
    isRecord(value) &&
    isCount(value['seq']) &&
    KINDS.has(value['kind']) &&
    typeof value['label'] === 'string' &&
    (value['line'] === null || isCount(value['line'])) &&
    typeof value['digest'] === 'string' &&
    ['hit', 'inside', 'of'].every((key) => value[key] === undefined || isCount(value[key])) &&
    (value['outcome'] === undefined || isStepOutcome(value['outcome']))
  )
}

/** The only outcomes that a sandbox gives: those of steps and of lines written. */
function isStepOutcome(value: unknown): boolean {
  if (!isRecord(value)) return false
  if (value['kind'] === 'value') return isRecord(value['value']) && 'v' in value['value']
  if (value['kind'] !== 'error' || !isRecord(value['error'])) return false
  return typeof value['error']['name'] === 'string' && typeof value['error']['message'] === 'string'
}

function isCommand(value: unknown): boolean {
  if (!isRecord(value) || !isCount(value['seq']) || !isFlag(value['again'])) return false
  switch (value['kind']) {
    case 'start':
      return isChild(value['child']) && typeof value['run'] === 'boolean' && isFlag(value['break'])
    case 'call':
      return (
        isChild(value['child']) &&
        isReturnWhen(value['returnWhen']) &&
        isTimeout(value['timeout']) &&
        isFlag(value['break'])
      )
    case 'wait':
      return (
        isTexts(value['ids']) && isReturnWhen(value['returnWhen']) && isTimeout(value['timeout'])
      )
    case 'sleep':
      return (
        (value['seconds'] === undefined) !== (value['until'] === undefined) &&
        isNumber(value['seconds'] ?? value['until'])
      )
    case 'lock':
      return isLock(value['lock']) && isTimeout(value['timeout'])
    case 'unlock':
      return isLock(value['lock'])
    case 'setting_get':
      return typeof value['name'] === 'string'
    case 'setting_set':
      return typeof value['name'] === 'string' && 'value' in value
    case 'file_get':
    case 'file_set':
    case 'file_delete':
      return isFileCommand(value)
    case 'control':
      return (
        typeof value['id'] === 'string' &&
        ['cancel', 'pause', 'resume'].includes(value['action'] as string)
      )
    case 'read':
    case 'record':
      return isReadCommand(value)
    default:
      return isMessageCommand(value)
  }
}

function isReadCommand({ kind, id, fields, request }: Record<string, unknown>): boolean {
  return kind === 'record' ? isRecordRequest(request) : typeof id === 'string' && isTexts(fields)
}

function isRecordRequest(value: unknown): boolean {
  if (!isRecord(value) || typeof value['type'] !== 'string') return false
  const { action, key, fields, values, order, limit } = value
  if (action === 'list')
    return 'filter' in value && isTextOrNull(order) && (limit === null || isCount(limit))
  if (typeof key !== 'string') return false
  switch (action) {
    case 'exists':
    case 'delete':
      return true
    case 'read':
      return fields === null || isTexts(fields)
    case 'save':
    case 'clone':
      return isRecord(values)
    default:
      return false
  }
}

function isMessageCommand(value: Record<string, unknown>): boolean {
  if (value['kind'] === 'message')
    return (
      isMessage(value['message']) &&
      typeof value['wait'] === 'boolean' &&
      isTimeout(value['timeout'])
    )
  if (typeof value['id'] !== 'string') return false
  switch (value['kind']) {
    case 'message_wait':
      return isTimeout(value['timeout'])
    case 'message_read':
      return true
    case 'message_link':
      return typeof value['recipient'] === 'string' && isTimeout(value['expiresAfter'])
    default:
      return false
  }
}

function isFileCommand({ kind, name, as, content }: Record<string, unknown>): boolean {
  if (typeof name !== 'string') return false
  if (kind === 'file_delete') return true
  if (kind === 'file_get') return as === 'text' || as === 'base64' || as === 'facts'
  return (as === 'text' || as === 'base64') && typeof content === 'string'
}

function isChild(value: unknown): boolean {
  return (
    isRecord(value) &&
    isMadeId(value['id']) &&
    ['FLOW', 'SCRIPT', 'CONNECTION', 'WRAPPER'].includes(value['type'] as string) &&
    'input' in value &&
    CHILD_TEXTS.every((key) => isTextOrAbsent(value[key])) &&
    (value['savepointRetention'] === undefined ||
      ['ALL', 'LAST'].includes(value['savepointRetention'] as string)) &&
    ['priority', 'scheduledFor'].every((key) => value[key] === undefined || isNumber(value[key])) &&
    (value['maxRuntime'] === undefined ||
      value['maxRuntime'] === null ||
      isNumber(value['maxRuntime'])) &&
    ['orphan', 'unwrapped'].every(
      (key) => value[key] === undefined || typeof value[key] === 'boolean',
    ) &&
    (value['wrappers'] === undefined ||
      (isList(value['wrappers']) && value['wrappers'].every(isWrapperUse)))
  )
}

const CHILD_TEXTS = [
  'flow',
  'script',
  'connector',
  'connectorType',
  'wrapper',
  'name',
  'projectId',
  'description',
]

function isWrapperUse(value: unknown): boolean {
  return isRecord(value) && typeof value['wrapper'] === 'string' && isRecord(value['input'])
}

/** As `childId` makes them. */
function isMadeId(value: unknown): boolean {
  return typeof value === 'string' && /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/.test(value)
}

function isMessage(value: unknown): boolean {
  return (
    isRecord(value) &&
    isMadeId(value['id']) &&
    isRecord(value['content']) &&
    isRecord(value['fields'])
  )
}

function isReturnWhen(value: unknown): boolean {
  if (typeof value === 'string')
    return ['ALL_ENDED', 'ALL_SUCCEEDED', 'FIRST_ENDED', 'FIRST_SUCCEEDED'].includes(value)
  return isRecord(value) && (isCount(value['ended']) || isCount(value['succeeded']))
}

function isLock(value: unknown): boolean {
  if (!isRecord(value)) return false
  return (
    typeof value['setting'] === 'string' ||
    (typeof value['semaphore'] === 'string' && isCount(value['capacity']))
  )
}

function isEnd(value: unknown): boolean {
  return (
    isRecord(value) &&
    ENDS.has(value['status']) &&
    (value['message'] === null || typeof value['message'] === 'string') &&
    'output' in value &&
    REASONS.has(value['reason']) &&
    (value['reason'] === 'reverted') === isCount(value['to'])
  )
}

function isLog(value: unknown): boolean {
  return (
    isRecord(value) && isCount(value['seq']) && isNumber(value['at']) && isList(value['values'])
  )
}

function isTexts(value: unknown): boolean {
  return isList(value) && value.every((item) => typeof item === 'string')
}

function isFlag(value: unknown): boolean {
  return value === undefined || value === true
}

function isTimeout(value: unknown): boolean {
  return value === null || isNumber(value)
}

function isTextOrAbsent(value: unknown): boolean {
  return value === undefined || typeof value === 'string'
}

function isTextOrNull(value: unknown): boolean {
  return value === null || typeof value === 'string'
}

function isNumber(value: unknown): boolean {
  return typeof value === 'number' && Number.isFinite(value)
}

function want(holds: boolean, what: string): void {
  if (!holds) throw new MalformedResult(`malformed ${what}`)
}
