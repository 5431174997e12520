import type { DebugState, DebugStop, DebugVariable, Json } from '@millrace/client'

/** Lines shown before and after the one that it stands before. */
const AROUND = 2
const VALUE_MAX_CHARS = 200

/** Where an execution stands, with the lines around. */
export function renderState(
  { execution_id: id, status, stop }: DebugState,
  source: string,
): string {
  if (stop === null) return `${id}  ${status}`
  const why = REASONS[stop.reason]
  const missed = stop.missed === undefined ? '' : `, meant for line ${stop.missed}`
  const inside = stop.inside === null ? '' : `, in step ${stop.inside}`
  return [
    `${id}  stopped before line ${stop.line} (${why}${missed}${inside})`,
    ...sourceAround(source, stop.line),
  ].join('\n')
}

const REASONS: Readonly<Record<DebugStop['reason'], string>> = {
  breakpoint: 'breakpoint',
  step: 'step',
  pause: 'break',
}

function sourceAround(source: string, line: number): string[] {
  const lines = source.split('\n')
  const first = Math.max(1, line - AROUND)
  const last = Math.min(lines.length, line + AROUND)
  const width = String(last).length
  return lines.slice(first - 1, last).map((text, at) => {
    const number = first + at
    return `${number === line ? '>' : ' '} ${String(number).padStart(width)} | ${text}`.trimEnd()
  })
}

/** Who has called whom, the innermost first. */
export const renderStack = (stack: DebugStop['stack']): string =>
  stack
    .map(({ name, line, async: awaits }) => `${awaits ? 'awaited by' : 'in'} ${name}, line ${line}`)
    .join('\n')

export const renderVariables = (variables: readonly DebugVariable[]): string =>
  variables.length === 0
    ? 'no variables'
    : variables.map((one) => `${one.name} = ${valueText(one.value, one.cut)}`).join('\n')

export const renderValues = (values: NonNullable<DebugStop['values']>): string =>
  values
    .map((one) => ('error' in one ? `! ${one.error}` : valueText(one.value, one.cut)))
    .join('\n')

function valueText(value: Json, cut = false): string {
  const text = JSON.stringify(value)
  return text.length > VALUE_MAX_CHARS || cut ? `${text.slice(0, VALUE_MAX_CHARS)} …` : text
}
