import type { pb } from '@millrace/wire'
import { bodyCheck } from '../http/validate.ts'
import { Batch, NewExecution, type NewExecutionBody } from '../schemas/execution.ts'

const check = bodyCheck(NewExecution)
const checkBatch = bodyCheck(Batch)

/** The body that REST would have got. Throws `invalid` like REST does. */
export function toNewExecution(request: pb.ExecutionServiceCreateRequest): NewExecutionBody {
  const body = toBody(request)
  check(body)
  return body
}

/** The same of many, whose places in the batch its errors name. */
export function toBatch(request: pb.ExecutionServiceCreateBatchRequest): NewExecutionBody[] {
  const items = request.executions.map(toBody)
  checkBatch({ items })
  return items
}

function toBody(request: pb.ExecutionServiceCreateRequest): NewExecutionBody {
  const { target, tags, metadata, scheduledFor, more, inputValue } = request
  return withoutUndefined({
    ...more,
    ...(target !== undefined && { [TARGETS[target.$case]]: target.value }),
    input_value: inputValue,
    name: request.name,
    description: request.description,
    metadata,
    project_id: request.projectId,
    project_name: request.projectName,
    tags: tags.length === 0 ? undefined : tags,
    is_productive: request.isProductive,
    scheduled_for: scheduledFor?.toISOString(),
    run: request.run,
    priority: request.priority,
    max_runtime_seconds: request.maxRuntimeSeconds,
    wrappers:
      request.wrappers.length === 0
        ? undefined
        : request.wrappers.map((use) => withoutUndefined({ ...use })),
    unwrapped: request.unwrapped,
  })
}

const TARGETS = {
  flowId: 'flow_id',
  flowName: 'flow_name',
  script: 'script',
  connectorId: 'connector_id',
  connectorName: 'connector_name',
  connectorType: 'connector_type',
  wrapperId: 'wrapper_id',
  wrapperName: 'wrapper_name',
} as const

export function withoutUndefined(values: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined))
}
