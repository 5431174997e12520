import { monotonicMs } from '@millrace/runtime'
import { findDifference } from './find-difference.ts'
import type { CommandStep, Page } from './parse-page.ts'
import type { Ran, Shell } from './start-shell.ts'

/** How long what a `retry` block shows may take to come true. */
const RETRY_MS = 30_000

/** Does all that a page says. Errors: the page and line of the first thing that is not as it says. */
export async function followPage(page: Page, shell: Shell): Promise<void> {
  for (const step of page.steps) {
    if (step.kind === 'file') await shell.write(step.name, step.text)
    else await runStep(page.name, step, shell)
  }
}

async function runStep(name: string, step: CommandStep, shell: Shell): Promise<void> {
  const { line, text, isRetried } = step
  const until = monotonicMs() + (isRetried ? RETRY_MS : 0)
  for (;;) {
    const ran = await shell.run({ name, line, text })
    const problem = judge(name, step, ran)
    if (problem === null) return
    if (ran.failedAt !== null || monotonicMs() >= until)
      throw new Error(`${problem}\n--- all of it:\n${ran.printed}`)
  }
}

function judge(name: string, { shown }: CommandStep, { printed, failedAt }: Ran): string | null {
  if (failedAt !== null) return `${name}:${failedAt}: the command fails`
  if (shown === null) return null
  const difference = findDifference(shown.lines, printed)
  if (difference === null) return null
  return [
    `${name}:${shown.line + difference.at}: it prints something else than is shown`,
    `shown:   ${difference.shown ?? '(the end)'}`,
    `printed: ${difference.printed ?? '(the end)'}`,
  ].join('\n')
}
