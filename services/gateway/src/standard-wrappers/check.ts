import {
  InvalidInputError,
  type ChildExecution,
  type Execution,
  type System,
  type Wrapped,
} from '@millrace/flow-api'

interface Inputs {
  readonly wrapped: Wrapped
  /** A flow by name or id, or a source text: exactly one of both. */
  readonly checker_flow?: string
  readonly checker_script?: string
  /** What else the checker gets. */
  readonly checker_input?: { readonly [key: string]: any }
}

/**
 * Lets another flow or script judge the output of what it wraps. The checker gets `execution_id`,
 * `input_value` and `output_value`. It is content when it succeeds and does not return false or
 * `{ success: false }`; otherwise this ends in error, with the output to look at. What has failed
 * by itself is not checked.
 */
export default async function handler(
  _system: System,
  self: Execution,
  inputs: Inputs,
): Promise<void> {
  const { checker_flow: flow, checker_script: script } = inputs
  if ((flow === undefined) === (script === undefined))
    throw new InvalidInputError('check: exactly one of checker_flow and checker_script is needed')

  const child = await self.wrapped(undefined, { wait: 'ALL_ENDED' })
  if (child.status !== 'ENDED_SUCCESS') passOn(self, child)
  const facts = {
    ...inputs.checker_input,
    execution_id: child.id,
    input_value: inputs.wrapped.input_value,
    output_value: child.output,
  }
  const options = { wait: 'ALL_ENDED', name: 'checker' } as const
  const checker =
    flow === undefined
      ? await self.script(script ?? '', facts, options)
      : await self.flow(flow, facts, options)
  if (isContent(checker)) passOn(self, child)
  self.save({ output_value: child.output })
  self.error(`the checker is not content: ${reasonOf(checker)}`)
}

function isContent({ status, output }: ChildExecution): boolean {
  if (status !== 'ENDED_SUCCESS' || output === false) return false
  return typeof output !== 'object' || output === null || output.success !== false
}

function reasonOf({ status, message, output }: ChildExecution): string {
  if (message !== null) return message
  if (typeof output === 'object' && output !== null && typeof output.message === 'string')
    return output.message
  return status === 'ENDED_SUCCESS' ? 'it returned false' : `it ended ${status}`
}

/** Ends as the wrapped execution has. */
function passOn(self: Execution, child: ChildExecution): never {
  self.save({ output_value: child.output })
  const message = child.message ?? undefined
  if (child.status === 'ENDED_SUCCESS') return self.success(message)
  return child.status === 'ENDED_CANCELLED' ? self.cancel(message) : self.error(message)
}
