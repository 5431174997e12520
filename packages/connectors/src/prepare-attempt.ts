import { MESSAGE_MAX_LENGTH, cut } from './cut.ts'
import type { CommonInput, ConnectorType } from './connector-type.ts'
import { checkInputs } from './inputs/check-inputs.ts'
import { type InputProblem, invalid, nameOf, shownOf } from './inputs/input-problem.ts'
import { type RepeatClass, declared } from './repeat-class.ts'
import { connectorType, connectorTypes } from './registry.ts'

export type Prepared =
  | {
      readonly ok: true
      readonly type: ConnectorType
      readonly modeName: string
      readonly repeatClass: RepeatClass
      /** The inputs in their long form, with defaults. */
      readonly input: CommonInput
    }
  | { readonly ok: false; readonly error: InputError }

/** The answer to inputs that no attempt is made with. */
export interface InputError {
  readonly code: 'INPUT'
  readonly name: InputProblem['name']
  readonly outcome: 'none'
  readonly phase: 'resolve'
  readonly message: string
  readonly problems: readonly InputProblem[]
}

/** Reads merged inputs: what would be done, and whether it may be repeated. Pure. */
export function prepareAttempt(options: { connectorType: string; input: unknown }): Prepared {
  const type = connectorType(options.connectorType)
  if (type === null)
    return refused([
      invalid(
        '/connector_type',
        `connector type ${JSON.stringify(options.connectorType)} is not one of ${connectorTypes()
          .map((known) => known.type)
          .join(', ')}`,
      ),
    ])
  if (typeof options.input !== 'object' || options.input === null || Array.isArray(options.input))
    return refused([invalid('', 'inputs must be an object')])
  const input = expanded(type, options.input as Record<string, unknown>)
  const problems = checkInputs(type.schema, input)
  if (problems.length > 0) return refused(problems)
  const valid = input as unknown as CommonInput
  const more = type.check(valid)
  if (more.length > 0) return refused(more)
  return {
    ok: true,
    type,
    modeName: type.modeName(valid),
    repeatClass: declared(type.repeatClass(valid), valid.idempotent),
    input: valid,
  }
}

function expanded(type: ConnectorType, given: Record<string, unknown>): Record<string, unknown> {
  // Checking fills in defaults, and the caller keeps its own object.
  const copy = structuredClone(given)
  // The name of the type may come along with the inputs of an inline call.
  if (copy['connector_type'] === type.type) delete copy['connector_type']
  return type.expand?.(copy) ?? copy
}

function refused(problems: readonly InputProblem[]): Prepared {
  const shown = shownOf(problems)
  const lines = shown.map(({ pointer, message }) =>
    pointer === '' ? message : `${pointer}: ${message}`,
  )
  const more = problems.length > shown.length ? '; and more' : ''
  return {
    ok: false,
    error: {
      code: 'INPUT',
      name: nameOf(problems),
      phase: 'resolve',
      outcome: 'none',
      message: `The inputs are not right: ${cut(lines.join('; '), LINES_MAX_LENGTH)}${more}.`,
      problems: shown,
    },
  }
}

// Leaves room for what stands around them.
const LINES_MAX_LENGTH = MESSAGE_MAX_LENGTH - 100
