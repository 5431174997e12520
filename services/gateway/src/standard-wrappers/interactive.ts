import {
  MessageResponseTimeoutError,
  type ChildExecution,
  type Execution,
  type System,
  type Wrapped,
} from '@millrace/flow-api'

interface Inputs {
  readonly wrapped: Wrapped
  /** How long a person may think; after that it fails as what it wraps has. Default 30. */
  readonly interactive_limit_minutes?: number
  /** Names or ids of users; default: everybody. */
  readonly assignees?: readonly string[]
  /** With placeholders: `{{child.name}}`, `{{child.id}}`, `{{child.status}}`, `{{child.message}}`, `{{self.id}}`. */
  readonly subject?: string
  readonly message?: string
}

/**
 * Asks a person what to do when what it wraps has ended in error: try again, go on as if it had
 * succeeded, or fail. What was cancelled is not asked about.
 */
export default async function handler(
  _system: System,
  self: Execution,
  inputs: Inputs,
): Promise<void> {
  for (;;) {
    const child = await self.wrapped(undefined, { wait: 'ALL_ENDED' })
    if (child.status !== 'ENDED_ERROR') passOn(self, child)
    const decision = await ask(self, inputs, child)
    self.log(`execution ${child.id} has failed; the decision: ${decision}`)
    if (decision === 'retry') continue
    if (decision !== 'continue') passOn(self, child)
    self.save({ output_value: child.output })
    self.success('it has failed, and a person let it go on')
  }
}

/** The name of the button; `fail` when nobody has pressed one in time. */
async function ask(self: Execution, inputs: Inputs, child: ChildExecution): Promise<string> {
  const { interactive_limit_minutes: limitMinutes = 30, assignees } = inputs
  const { subject = '{{child.name}} has failed' } = inputs
  const { message = 'Execution `{{child.id}}` ended in error:\n\n{{child.message}}' } = inputs
  try {
    const answer = await self.message({
      subject: fill(subject, self, child).slice(0, 128),
      message: fill(message, self, child),
      body: { type: 'object', properties: BUTTONS },
      timeout: limitMinutes * 60,
      ...(assignees !== undefined && { assignees }),
    })
    return answer.button ?? 'fail'
  } catch (error) {
    if (error instanceof MessageResponseTimeoutError) return 'fail'
    throw error
  }
}

const BUTTONS = {
  retry: { type: 'boolean', element: 'submit', label: 'Try again', order: 1 },
  continue: { type: 'boolean', element: 'submit', label: 'Go on', order: 2 },
  fail: { type: 'boolean', element: 'submit', label: 'Fail', order: 3 },
}

function fill(template: string, self: Execution, child: ChildExecution): string {
  const values: Record<string, string | null> = {
    'child.name': child.name,
    'child.id': child.id,
    'child.status': child.status,
    'child.message': child.message,
    'self.id': self.id,
  }
  return template.replaceAll(/\{\{\s*([\w.]+)\s*\}\}/g, (place, name: string) =>
    Object.hasOwn(values, name) ? (values[name] ?? '') : place,
  )
}

/** Ends as the wrapped execution has. */
function passOn(self: Execution, child: ChildExecution): never {
  self.save({ output_value: child.output })
  const message = child.message ?? undefined
  if (child.status === 'ENDED_SUCCESS') return self.success(message)
  return child.status === 'ENDED_CANCELLED' ? self.cancel(message) : self.error(message)
}
