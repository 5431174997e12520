import { readCustomAnswer } from './custom-answer.ts'
import { type HttpAnswer, problem } from './http-answer.ts'

/** An ended execution, as far as its caller is concerned. */
export interface EndedRun {
  readonly executionId: string
  /** The status as the API writes it, for the answer's body. */
  readonly status: string
  readonly hasSucceeded: boolean
  readonly message: string | null
  readonly output: unknown
}

/**
 * What a call gets that waited for its execution. `response` in the output decides, whatever the end;
 * else the result as JSON, or 500 when the flow did not succeed. What went wrong is not told: the
 * caller is a stranger, the message is for those who may read the execution.
 */
export function runAnswer(run: EndedRun): HttpAnswer {
  const custom = readCustomAnswer(run.output)
  if (custom !== null && 'status' in custom) return custom
  const instance = executionPath(run.executionId)
  if (custom !== null)
    return problem(500, {
      detail: 'The flow has ended, and the response in its output cannot be sent.',
      instance,
      execution_id: run.executionId,
      errors: custom,
    })
  if (!run.hasSucceeded)
    return problem(500, {
      detail: 'The flow did not succeed. Its execution says why.',
      instance,
      execution_id: run.executionId,
      execution_status: run.status,
    })
  return json(200, {
    execution_id: run.executionId,
    status: run.status,
    message: run.message,
    output_value: run.output ?? null,
  })
}

/**
 * What a call gets whose execution goes on: asked for with `async`, or because the wait was over. The
 * call has been accepted, so that nobody should send it again: 202, not 504.
 */
export function startedAnswer(executionId: string): HttpAnswer {
  return json(202, { execution_id: executionId }, { location: executionPath(executionId) })
}

/** What a delivery gets that came before. 200, so that the sender stops; the execution is the first one. */
export function replayedAnswer(executionId: string): HttpAnswer {
  return json(
    200,
    { execution_id: executionId, is_repeated: true },
    { location: executionPath(executionId) },
  )
}

const executionPath = (id: string): string => `/api/latest/execution/${id}`

const json = (
  status: number,
  body: Readonly<Record<string, unknown>>,
  headers: Readonly<Record<string, string>> = {},
): HttpAnswer => ({
  status,
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify(body),
})
