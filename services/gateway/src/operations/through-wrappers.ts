import { ServiceError } from '@millrace/runtime'
import {
  linesOf,
  type NewExecution,
  type ResolvedWrapper,
  wrapExecution,
  wrapTargets,
  type Wrapping,
} from '@millrace/store'
import type { Context } from '../context.ts'
import { invalid } from '../problem.ts'
import type { NewExecutionBody } from '../schemas/execution.ts'
import type { Target } from './resolve-target.ts'
import { checkWrapperInput } from './wrapper-input.ts'

/** An execution that was asked for, as it will be created. */
export interface Planned {
  readonly item: NewExecution
  readonly target: Target
  readonly project: { readonly id: string; readonly name: string } | null
  readonly isHidden: boolean
  /** Whether wrappers are still to be put around it. */
  readonly isWrapped: boolean
  readonly body: NewExecutionBody
  /** Where in the request it stands. */
  readonly base: string
}

/** Whether a wrapper may run in its place: nothing is read for it. */
export function hasWrappers(body: NewExecutionBody, target: Target): boolean {
  if (body.wrappers !== undefined && body.wrappers.length > 0) return true
  return body.unwrapped !== true && isAlwaysWrapped(target)
}

function isAlwaysWrapped(target: Target): boolean {
  switch (target.type) {
    case 'FLOW':
      return target.flow.row.is_wrapped
    case 'CONNECTION':
      return target.isWrapped
    case 'WRAPPER':
      return target.wrapper.is_wrapped
    case 'SCRIPT':
      return false
  }
}

/**
 * Puts the outermost wrapper in the place of each that has any, under the same id. Throws `invalid`
 * for a wrapper that is not there and for inputs that it does not accept.
 */
export async function throughWrappers(
  context: Pick<Context, 'api'>,
  planned: readonly Planned[],
): Promise<Planned[]> {
  const asked = planned.filter(({ isWrapped }) => isWrapped)
  const wrappings = await wrapTargets(
    context.api,
    asked.map(({ item, target, body, base }) => ({
      workspaceId: item.workspaceId,
      wrapped: toldOf(item, target, body),
      wrappers: (body.wrappers ?? []).map((use, index) => ({
        ref: refOf(use, `${base}/wrappers/${index}`),
        input: use.input ?? {},
      })),
      staticOf: body.unwrapped === true ? [] : recordsOf(target),
    })),
  )
  const wrappingOf = new Map(asked.map((plan, at) => [plan, wrappings[at] ?? null]))
  return planned.map((plan) => wrap(plan, wrappingOf.get(plan) ?? null))
}

function wrap(plan: Planned, wrapping: Wrapping): Planned {
  const { item, body, base } = plan
  if (wrapping === null) return plan
  if (wrapping.kind === 'unknown')
    throw invalid([
      {
        pointer: `${base}/wrappers/${wrapping.index}`,
        message: 'names no wrapper of this workspace by id or name',
      },
    ])
  if (wrapping.kind === 'circle')
    throw new ServiceError(
      'conflict',
      `The wrapper ${wrapping.name} wraps itself over others. Take one of them off, or start it unwrapped.`,
    )
  checkInputs(body, wrapping.named, base)
  return { ...plan, item: wrapExecution(item, wrapping, body.max_runtime_seconds ?? null) }
}

function checkInputs(
  body: NewExecutionBody,
  named: readonly ResolvedWrapper[],
  base: string,
): void {
  for (const [index, wrapper] of named.entries())
    checkWrapperInput(
      wrapper.input_schema,
      body.wrappers?.[index]?.input ?? {},
      `${base}/wrappers/${index}/input`,
    )
}

function refOf(use: { readonly id?: string; readonly name?: string }, pointer: string): string {
  const ref = use.id ?? use.name
  if (ref === undefined) throw invalid([{ pointer, message: 'must have id or name' }])
  return ref
}

/** The record that static wrappers belong to; none for what is not stored. */
function recordsOf(target: Target): readonly string[] {
  switch (target.type) {
    case 'FLOW':
      return [target.flow.row.id]
    case 'CONNECTION':
      return target.connectorId === null ? [] : [target.connectorId]
    case 'WRAPPER':
      return [target.wrapper.id]
    case 'SCRIPT':
      return []
  }
}

/** What the wrapper is told: how to start the target as it was asked for. */
function toldOf(
  item: NewExecution,
  target: Target,
  body: NewExecutionBody,
): Record<string, unknown> {
  const isPlaced = body.project_id !== undefined || body.project_name !== undefined
  const breakpoints = linesOf(body.breakpoints)
  return {
    type: target.type,
    ...startedBy(target),
    name: item.name ?? undefined,
    project_id: isPlaced ? (item.projectId ?? undefined) : undefined,
    description: body.description ?? undefined,
    metadata: body.metadata,
    // Lines of what is wrapped, and not of the wrapper.
    breakpoints: breakpoints.length === 0 ? undefined : breakpoints,
    // As a handler gets it.
    input_value: body.input_value ?? {},
  }
}

function startedBy(target: Target): Record<string, unknown> {
  switch (target.type) {
    case 'FLOW':
      return { flow_id: target.flow.row.id, flow_name: target.flow.row.name }
    case 'SCRIPT':
      return { script: target.source }
    case 'CONNECTION':
      return {
        connector_id: target.connectorId ?? undefined,
        connector_name: target.connectorName ?? undefined,
        connector_type: target.connectorType,
      }
    case 'WRAPPER':
      return { wrapper_id: target.wrapper.id, wrapper_name: target.wrapper.name }
  }
}
