import type { Run } from './run.ts'

/** All that came of a run since its last result, as the JSON text of an ActivationResult. */
export function resultText(run: Run): string {
  const { end, fields } = run
  const text =
    `{"key":${JSON.stringify(run.key)},"entries":[${run.entries.join(',')}],"commands":[${run.commands}],"logs":[${linesText(run)}],` +
    `"fields":${fields === null ? 'null' : fieldsText(run, fields)},"consumed":${run.consumed},"open":[${oldestOpen(run)}],` +
    `"line":${run.line ?? 'null'},"lastCommand":${JSON.stringify(run.lastCommand)},` +
    `"end":${end === null ? 'null' : endText(run, end)}}`
  run.entries.length = 0
  run.commands = ''
  run.logLines.length = 0
  run.fields = null
  run.asks = 0
  run.logsNow = 0
  return text
}

/** The engine shows the oldest wait, which may stand behind a stop or a step. */
const OPEN_MAX = 16

function oldestOpen({ open }: Run): string {
  const seqs: number[] = []
  for (const seq of open.keys()) if (seqs.push(seq) === OPEN_MAX) break
  return seqs.join(',')
}

/** By number, as they are read: a step that goes on beside later calls writes after them. */
function linesText({ logLines }: Run): string {
  if (logLines.length === 0) return ''
  logLines.sort((a, b) => a.seq - b.seq)
  return logLines.map(({ text }) => text).join(',')
}

function endText(run: Run, end: NonNullable<Run['end']>): string {
  const to = end.to === undefined ? '' : `,"to":${end.to}`
  const reason = end.reason === undefined ? '' : `,"reason":"${end.reason}"${to}`
  return `{"status":"${end.status}","message":${JSON.stringify(end.message)},"output":${run.endOutput}${reason}}`
}

function fieldsText(run: Run, fields: NonNullable<Run['fields']>): string {
  const parts: string[] = []
  if (fields.name !== undefined) parts.push(`"name":${JSON.stringify(fields.name)}`)
  if (fields.message !== undefined) parts.push(`"message":${JSON.stringify(fields.message)}`)
  if (fields.output === true) parts.push(`"output":${run.output.text}`)
  return `{${parts.join(',')}}`
}
