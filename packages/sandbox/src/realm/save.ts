import { nameOf, objectOf, onlyKeys, textOf } from './arguments.ts'
import type { Run } from './run.ts'
import { jsonText } from './text.ts'

const DONE = '{"kind":"value","value":{"v":null}}'

/** Sets keys of the output. From the first call on, what the flow returns is not the output. */
export function setOutput(run: Run, values: Record<string, unknown>): void {
  const api = 'self.setOutput'
  const site = run.enter(api, true)
  const text = run.checked(() => jsonText(values, 'The output'))
  const keys = Object.keys(values).join(', ')
  const call = run.record({ api, kind: 'save', label: `output ${keys}`, args: () => text }, site)
  run.checked(() => run.output.setKeys(text))
  if (call.recorded === null)
    run.addEntry(call.seq, 'save', `output ${keys}`, site.line, call.digest, DONE)
  else if (run.lives.length === 0) return
  run.fields = { ...run.fields, output: true }
}

/** Changes fields of the execution's record: its message, its name, its whole output. */
export function saveFields(run: Run, fields: unknown): void {
  const api = 'self.save'
  const given = objectOf(api, 'fields', fields)
  onlyKeys(api, 'fields', given, ['message', 'name', 'output_value'])
  const site = run.enter(api, true)
  const changed: { name?: string; message?: string; output?: string } = {}
  if (given['name'] !== undefined) changed.name = nameOf(api, 'name', given['name'])
  if (given['message'] !== undefined) changed.message = textOf(api, 'message', given['message'])
  if (given['output_value'] !== undefined) {
    changed.output = run.checked(() => jsonText(given['output_value'], 'The output'))
  }
  const label = Object.keys(changed).join(', ')
  const call = run.record({ api, kind: 'save', label, args: () => JSON.stringify(changed) }, site)
  if (changed.name !== undefined) run.name = changed.name
  if (changed.message !== undefined) run.message = changed.message
  if (changed.output !== undefined) run.output.setWhole(changed.output)
  if (call.recorded === null) run.addEntry(call.seq, 'save', label, site.line, call.digest, DONE)
  // Going back has taken away what was set: a replay of what was inherited sets it again.
  else if (run.lives.length === 0) return
  const { output, ...others } = changed
  run.fields = { ...run.fields, ...others, ...(output !== undefined && { output: true }) }
}
