import { linesOf } from '@millrace/store'
import { invalid } from '../problem.ts'
import type { NewExecutionBody } from '../schemas/execution.ts'
import type { Target } from './resolve-target.ts'

const FIELDS = ['break', 'breakpoints', 'use_breakpoints', 'use_only_explicit_breakpoints'] as const

/**
 * What a new execution is told of its debugger: the request's breakpoints, else those that its flow has
 * now. Null when there is nothing to tell. Throws `invalid` where a debugger is asked for that cannot
 * be, with pointers below `base`.
 */
export function debugFieldsOf(
  body: NewExecutionBody,
  target: Target,
  base: string,
): Readonly<Record<string, unknown>> | null {
  const isDevelopment = body.is_productive === false
  if (!isDevelopment || target.type === 'CONNECTION') {
    for (const name of FIELDS)
      if (isAsked(body[name]))
        throw invalid([{ pointer: `${base}/${name}`, message: refusalOf(isDevelopment) }])
    return null
  }
  const breakpoints = linesOf(body.breakpoints ?? linesOfFlow(target))
  const isExplicit = body.use_only_explicit_breakpoints === true
  if (isExplicit) checkExplicit(body, { breakpoints, base })
  const isHeeded = body.use_breakpoints ?? (isExplicit || isAsked(body.breakpoints))
  const fields = {
    ...(breakpoints.length > 0 && { breakpoints }),
    ...((isHeeded || body.use_breakpoints === false) && { use_breakpoints: isHeeded }),
    ...(isExplicit && { use_only_explicit_breakpoints: true }),
    ...(body.break === true && { break: true }),
  }
  return Object.keys(fields).length === 0 ? null : fields
}

function checkExplicit(
  body: NewExecutionBody,
  { breakpoints, base }: { readonly breakpoints: readonly number[]; readonly base: string },
): void {
  const pointer = `${base}/use_only_explicit_breakpoints`
  if (breakpoints.length === 0)
    throw invalid([{ pointer, message: 'needs breakpoints, in the request or kept with the flow' }])
  if (body.break === true)
    throw invalid([
      { pointer, message: 'looks at no other lines, so break cannot be; leave one of them out' },
    ])
}

function linesOfFlow(target: Target): unknown {
  const lines = target.type === 'FLOW' ? target.flow.row.breakpoints : null
  return lines === null ? [] : (JSON.parse(lines) as unknown)
}

const isAsked = (value: boolean | readonly number[] | null | undefined): boolean =>
  typeof value === 'object' && value !== null ? value.length > 0 : value === true

const refusalOf = (isDevelopment: boolean): string =>
  isDevelopment
    ? 'needs code to stop in, and a connection has none; leave it out'
    : 'needs development mode: set is_productive to false'
