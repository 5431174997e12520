import { isCount, isList, isRecord } from '../is-record.ts'

const REASONS: readonly unknown[] = ['breakpoint', 'step', 'pause']
const SCOPES: readonly unknown[] = ['local', 'closure', 'module']
const ITEMS_MAX = 1_000

/** Whether a process that may have been taken over has sent a stop as an honest one does. */
export function isStop(value: unknown): boolean {
  return (
    isRecord(value) &&
    ['seq', 'line', 'hit'].every((key) => isCount(value[key])) &&
    (value['inside'] === null || isCount(value['inside'])) &&
    (value['missed'] === undefined || isCount(value['missed'])) &&
    REASONS.includes(value['reason']) &&
    isListOf(value['stack'], isFrame) &&
    isListOf(value['variables'], isVariable) &&
    (value['values'] === undefined || isListOf(value['values'], isEvaluated))
  )
}

function isFrame(value: Record<string, unknown>): boolean {
  return (
    typeof value['name'] === 'string' &&
    isCount(value['line']) &&
    typeof value['async'] === 'boolean'
  )
}

function isVariable(value: Record<string, unknown>): boolean {
  return typeof value['name'] === 'string' && SCOPES.includes(value['scope']) && isShown(value)
}

function isEvaluated(value: Record<string, unknown>): boolean {
  return typeof value['error'] === 'string' || isShown(value)
}

function isShown(value: Record<string, unknown>): boolean {
  const { type, cut } = value
  return typeof type === 'string' && 'value' in value && (cut === undefined || cut === true)
}

function isListOf(value: unknown, isItem: (item: Record<string, unknown>) => boolean): boolean {
  return (
    isList(value) &&
    value.length <= ITEMS_MAX &&
    value.every((item) => isRecord(item) && isItem(item))
  )
}
