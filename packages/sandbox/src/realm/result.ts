import type { Run } from './run.ts'

/** All that came of a run since its last result, as the JSON text of an ActivationResult. */
export function resultText(run: Run): string {
  const { end, fields } = run
  let open = ''
  for (const seq of run.open.keys()) open += open === '' ? seq : `,${seq}`
  const text =
    `{"key":${JSON.stringify(run.key)},"entries":[${run.entries.join(',')}],"commands":[${run.commands}],"logs":[${run.logLines}],` +
    `"fields":${fields === null ? 'null' : fieldsText(fields)},"consumed":${run.consumed},"open":[${open}],` +
    `"line":${run.line ?? 'null'},"lastCommand":${JSON.stringify(run.lastCommand)},` +
    `"end":${end === null ? 'null' : endText(run, end)}}`
  run.entries.length = 0
  run.commands = ''
  run.logLines = ''
  run.fields = null
  run.asks = 0
  run.logsNow = 0
  return text
}

function endText(run: Run, end: NonNullable<Run['end']>): string {
  const to = end.to === undefined ? '' : `,"to":${end.to}`
  const reason = end.reason === undefined ? '' : `,"reason":"${end.reason}"${to}`
  return `{"status":"${end.status}","message":${JSON.stringify(end.message)},"output":${run.endOutput}${reason}}`
}

function fieldsText(fields: NonNullable<Run['fields']>): string {
  const parts: string[] = []
  if (fields.name !== undefined) parts.push(`"name":${JSON.stringify(fields.name)}`)
  if (fields.message !== undefined) parts.push(`"message":${JSON.stringify(fields.message)}`)
  if (fields.output !== undefined) parts.push(`"output":${fields.output}`)
  return `{${parts.join(',')}}`
}
