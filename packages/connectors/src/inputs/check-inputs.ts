import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js'
import { type InputProblem, invalid, missing } from './input-problem.ts'
import type { Schema } from './schema.ts'

/**
 * Checks inputs against a schema and fills in its defaults, in place. Returns all problems at once,
 * each with its place; none: the inputs have the schema's type.
 */
export function checkInputs(schema: Schema, input: Record<string, unknown>): InputProblem[] {
  const validate = compiled(schema)
  if (validate(input)) return []
  const problems = (validate.errors ?? []).flatMap((error) => problemOf(error))
  const seen = new Set<string>()
  return problems.filter((problem) => {
    const key = `${problem.name} ${problem.pointer}`
    return seen.has(key) ? false : seen.add(key)
  })
}

const ajv = new Ajv2020({
  allErrors: true,
  discriminator: true,
  useDefaults: true,
  verbose: true,
  allowUnionTypes: true,
  strict: true,
  strictRequired: false,
  strictTypes: false,
}).addVocabulary(['x-secret', 'x-multiline', 'x-file', 'x-order'])

const validators = new WeakMap<Schema, ValidateFunction>()

function compiled(schema: Schema): ValidateFunction {
  const known = validators.get(schema)
  if (known !== undefined) return known
  const made = ajv.compile(schema)
  validators.set(schema, made)
  return made
}

function problemOf(error: ErrorObject): InputProblem[] {
  const at = error.instancePath
  const params = error.params as Record<string, unknown>
  switch (error.keyword) {
    case 'required':
      return [
        missing(
          `${at}/${escape(params['missingProperty'])}`,
          `${String(params['missingProperty'])} is required`,
        ),
      ]
    case 'additionalProperties': {
      const key = String(params['additionalProperty'])
      const accepted = Object.keys((error.parentSchema?.['properties'] as object | undefined) ?? {})
      return [
        {
          name: 'ExtraInputError',
          pointer: `${at}/${escape(key)}`,
          message: `${key} is not accepted here; accepted: ${accepted.join(', ')}`,
        },
      ]
    }
    case 'discriminator':
      return discriminatorProblem(error, at, params)
    case 'enum':
      return [invalid(at, `must be one of ${JSON.stringify(params['allowedValues']).slice(1, -1)}`)]
    case 'const':
      return [invalid(at, `must be ${JSON.stringify(params['allowedValue'])}`)]
    default:
      return [invalid(at, error.message ?? 'is not valid')]
  }
}

function discriminatorProblem(
  error: ErrorObject,
  at: string,
  params: Record<string, unknown>,
): InputProblem[] {
  const tag = String(params['tag'])
  // The absent tag is reported by `required` of the same object.
  if (params['tagValue'] === undefined) return []
  const branches = (error.parentSchema?.['oneOf'] ?? []) as {
    properties: Record<string, { const: unknown }>
  }[]
  const names = branches.map((branch) => branch.properties[tag]?.const)
  return [invalid(`${at}/${escape(tag)}`, `must be one of ${JSON.stringify(names).slice(1, -1)}`)]
}

const escape = (key: unknown): string => String(key).replaceAll('~', '~0').replaceAll('/', '~1')
