import {
  EngineException,
  ResourceNotFoundError,
  type ChildExecution,
  type Execution,
  type System,
  type Wrapped,
} from '@millrace/flow-api'

interface Inputs {
  readonly wrapped: Wrapped
  /** Whether errors and cancels are told. Default true. */
  readonly notify_on_error?: boolean
  /** Default false. */
  readonly notify_on_success?: boolean
  /** Who is told: names or ids of users. Without `flow` default everybody. */
  readonly to?: readonly string[]
  /**
   * With placeholders: `{{child.name}}`, `{{child.id}}`, `{{child.status}}`, `{{child.message}}`,
   * `{{self.id}}`, `{{self.url}}`.
   */
  readonly subject?: string
  readonly body?: string
  /** Where people reach Millrace, such as `https://millrace.example.com`: what `self.url` begins with. */
  readonly base_url?: string
  /**
   * What tells them: a flow, which gets `to`, `subject`, `body` and `execution`. Without one it is a
   * message that nobody waits for.
   */
  readonly flow?: string
  /** Run whenever the status is another one than the last time; it gets `execution`, `status` and `before`. */
  readonly changed_flow?: string
  /** Where the last status is kept for that. Default: one setting per resource. */
  readonly state_setting?: string
}

/**
 * Tells people how what it wraps has ended, or runs a flow when it ends otherwise than the last time.
 * Ends as what it wraps has, also when nobody could be told.
 */
export default async function handler(
  system: System,
  self: Execution,
  inputs: Inputs,
): Promise<void> {
  const child = await self.wrapped(undefined, { wait: 'ALL_ENDED' })
  const hasSucceeded = child.status === 'ENDED_SUCCESS'
  const { notify_on_error: onError = true, notify_on_success: onSuccess = false } = inputs
  try {
    if (hasSucceeded ? onSuccess : onError) await tell(self, inputs, child)
    if (inputs.changed_flow !== undefined) await tellChange(system, self, inputs, child)
  } catch (error) {
    if (!(error instanceof EngineException)) throw error
    self.log('nobody was told', error.message)
  }
  passOn(self, child)
}

async function tell(self: Execution, inputs: Inputs, child: ChildExecution): Promise<void> {
  const { flow, to } = inputs
  const { subject = '{{child.name}}: {{child.status}}' } = inputs
  const { body = 'Execution `{{child.id}}` ended {{child.status}}.\n\n{{child.message}}' } = inputs
  const text = {
    subject: fill(subject, self, inputs, child),
    body: fill(body, self, inputs, child),
  }
  if (flow !== undefined) {
    const told = { to: to ?? [], ...text, execution: child.toJSON() }
    await self.flow(flow, told, { wait: false, orphan: true })
    return
  }
  await self.message({
    subject: text.subject.slice(0, 128),
    message: text.body,
    wait: false,
    ...(to !== undefined && { assignees: to }),
  })
}

async function tellChange(
  system: System,
  self: Execution,
  inputs: Inputs,
  child: ChildExecution,
): Promise<void> {
  const { wrapped, changed_flow: flow = '', state_setting: name } = inputs
  const resource = wrapped.flow_id ?? wrapped.connector_id ?? wrapped.wrapper_id
  const setting = system.setting(
    name ?? `notify/${resource ?? wrapped.connector_type ?? wrapped.name ?? 'script'}`,
  )
  let before: unknown = null
  try {
    before = await setting.get()
  } catch (error) {
    if (!(error instanceof ResourceNotFoundError)) throw error
  }
  if (before === child.status) return
  await setting.set(child.status)
  const told = { execution: child.toJSON(), status: child.status, before }
  await self.flow(flow, told, { wait: false, orphan: true })
}

function fill(template: string, self: Execution, inputs: Inputs, child: ChildExecution): string {
  const values: Record<string, string | null> = {
    'child.name': child.name,
    'child.id': child.id,
    'child.status': child.status,
    'child.message': child.message,
    'self.id': self.id,
    'self.url': `${inputs.base_url ?? ''}/api/latest/execution/${self.id}`,
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
