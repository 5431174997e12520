import { realmLimits } from './limits.ts'
import type { Run } from './run.ts'
import { logText } from './text.ts'

/** Appends one line to the execution's log. Recorded: a replay does not write it again. */
export function writeLog(run: Run, api: string, values: readonly unknown[]): void {
  const site = run.enter(api, true)
  const text = run.checked(() => textOfAll(values))
  if (run.logs >= realmLimits().logs) throw run.exceed(tooMany(realmLimits().logs, 'execution'))
  const { seq, recorded, digest } = run.record(
    { api, kind: 'log', label: '', args: () => text },
    site,
  )
  run.logs++
  if (recorded !== null) return
  run.addEntry(seq, 'log', '', site.line, digest, '{"kind":"value","value":{"v":null}}')
  append(run, seq, text)
}

/** `console` inside a step writes too: the step is not run again, so neither is the line. */
export function writeConsole(run: Run, values: readonly unknown[]): void {
  const step = run.runningStep()
  if (step !== null && run.signal === null)
    append(
      run,
      step,
      run.checked(() => textOfAll(values)),
    )
  else writeLog(run, 'console.log', values)
}

function append(run: Run, seq: number, text: string): void {
  if (run.logsNow >= realmLimits().logsPerActivation) {
    throw run.exceed(tooMany(realmLimits().logsPerActivation, 'activation'))
  }
  run.logsNow++
  run.logLines.push({ seq, text: `{"seq":${seq},"at":${run.now},"values":${text}}` })
}

function textOfAll(values: readonly unknown[]): string {
  let text = ''
  for (const value of values) text += `${text === '' ? '' : ','}${logText(value)}`
  return `[${text}]`
}

function tooMany(limit: number, per: string): string {
  return `The execution has written ${limit} log lines, the limit per ${per}. Log less often, or put many values into one line.`
}
