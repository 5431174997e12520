import { compileFlow } from '@millrace/sandbox'
import { projects, putScript, type WrapperRow, wrappers } from '@millrace/store'
import type { Caller, Context } from '../context.ts'
import { checkNewSchema } from '../json-schema.ts'
import { invalid, notFound } from '../problem.ts'
import { NOT_YET, type NewExecutionBody, TARGETS } from '../schemas/execution.ts'
import type { CachedFlow } from './flow-cache.ts'
import { checkToldInput } from './wrapper-input.ts'

/** What a new execution runs. */
export type Target =
  | { readonly type: 'FLOW'; readonly flow: CachedFlow }
  | { readonly type: 'SCRIPT'; readonly scriptHash: string; readonly source: string }
  | {
      readonly type: 'CONNECTION'
      readonly connectorId: string | null
      readonly connectorName: string | null
      readonly connectorType: string
      readonly projectId: string | null
      readonly projectName: string | null
      readonly isWrapped: boolean
    }
  | { readonly type: 'WRAPPER'; readonly wrapper: WrapperRow }

/** Throws `invalid` or `notFound`, with pointers below `base`. No promise when all of it is cached. */
export function resolveTarget(
  context: Context,
  caller: Caller,
  body: NewExecutionBody,
  base: string,
): Target | Promise<Target> {
  checkFields(body, base)
  const { workspaceId } = caller
  if (body.flow_id !== undefined || body.flow_name !== undefined) {
    const key =
      body.flow_id === undefined ? { name: body.flow_name?.trim() ?? '' } : { id: body.flow_id }
    const found = context.flows.flow(workspaceId, key)
    return found instanceof Promise ? found.then((flow) => toFlow(flow, body)) : toFlow(found, body)
  }
  if (body.script !== undefined) return resolveScript(context, caller, body, base)
  if (body.wrapper_id !== undefined || body.wrapper_name !== undefined)
    return resolveWrapper(context, caller, body, base)
  return resolveConnector(context, caller, body)
}

function checkFields(body: NewExecutionBody, base: string): void {
  let named = 0
  for (const target of TARGETS) if (body[target] !== undefined) named += 1
  if (named !== 1)
    throw invalid([
      {
        pointer: base,
        message: `must name exactly one of ${TARGETS.join(', ')}; it names ${named}`,
      },
    ])
  if (
    namesOne(body, ['project_id', 'project_name']) &&
    namesOne(body, ['bundle_id', 'bundle_name'])
  )
    throw invalid([
      {
        pointer: `${base}/bundle_id`,
        message: 'and a project exclude each other; name one of both',
      },
    ])
  for (const field of NOT_YET)
    if (field in body && body[field] !== null && body[field] !== false)
      throw invalid([
        { pointer: `${base}/${field}`, message: 'is not available yet; leave it out' },
      ])
  if (body.schedule_id !== undefined && body.schedule_id !== null)
    throw invalid([
      {
        pointer: `${base}/schedule_id`,
        message:
          'is given by the schedule that starts it; POST /schedule/<id>/trigger starts a run of one',
      },
    ])
  if (body.language !== undefined && body.script === undefined)
    throw invalid([{ pointer: `${base}/language`, message: 'belongs to script only' }])
}

const namesOne = (body: NewExecutionBody, fields: readonly (keyof NewExecutionBody)[]): boolean =>
  fields.some((field) => (body[field] ?? null) !== null)

function toFlow(flow: CachedFlow | null, body: NewExecutionBody): Target {
  if (flow === null) {
    const name = body.flow_id ?? JSON.stringify(body.flow_name)
    throw notFound(`flow ${name}`)
  }
  return { type: 'FLOW', flow }
}

async function resolveScript(
  context: Context,
  caller: Caller,
  body: NewExecutionBody,
  base: string,
): Promise<Target> {
  const source = body.script ?? ''
  const language = body.language ?? 'typescript'
  checkScript(source, language, `${base}/script`)
  const scriptHash = await putScript(context.api, caller.workspaceId, { language, source })
  return { type: 'SCRIPT', scriptHash, source }
}

/** Throws `invalid` with the line and column of what does not compile. */
export function checkScript(
  source: string,
  language: 'typescript' | 'python',
  pointer: string,
): void {
  if (language === 'python')
    throw invalid([
      { pointer: pointer.replace(/script$/, 'language'), message: 'python is not available yet' },
    ])
  if (source.includes('\0') || !source.isWellFormed())
    throw invalid([{ pointer, message: 'holds characters that no source text may hold' }])
  const result = compileFlow(source, language)
  if (result.ok) return
  const { message, line, column } = result
  throw invalid([{ pointer, message: `line ${line}, column ${column}: ${message}`, line, column }])
}

async function resolveWrapper(
  context: Context,
  caller: Caller,
  body: NewExecutionBody,
  base: string,
): Promise<Target> {
  const { workspaceId } = caller
  const key =
    body.wrapper_id === undefined ? { name: body.wrapper_name ?? '' } : { id: body.wrapper_id }
  const wrapper = await wrappers.read(context.api, { workspaceId, ...key })
  if (wrapper === null)
    throw notFound(`wrapper ${body.wrapper_id ?? JSON.stringify(body.wrapper_name)}`)
  checkToldInput(wrapper.input_schema, body.input_value, `${base}/input_value`)
  return { type: 'WRAPPER', wrapper }
}

async function resolveConnector(
  context: Context,
  caller: Caller,
  body: NewExecutionBody,
): Promise<Target> {
  if (body.connector_type !== undefined)
    return {
      type: 'CONNECTION',
      connectorId: null,
      connectorName: null,
      connectorType: body.connector_type,
      projectId: null,
      projectName: null,
      isWrapped: false,
    }
  const key =
    body.connector_id === undefined
      ? { name: body.connector_name?.trim() ?? '' }
      : { id: body.connector_id }
  const connector = await context.flows.connector(caller.workspaceId, key)
  if (connector === null)
    throw notFound(`connector ${body.connector_id ?? JSON.stringify(body.connector_name)}`)
  return {
    type: 'CONNECTION',
    connectorId: connector.id,
    connectorName: connector.name,
    connectorType: connector.connector_type,
    projectId: connector.project_id,
    projectName: connector.project_name,
    isWrapped: connector.is_wrapped,
  }
}

/** The project that a body names; null when it names none. */
export async function resolveProject(
  context: Pick<Context, 'api'>,
  caller: Caller,
  body: { project_id?: string | null; project_name?: string | null },
): Promise<{ id: string; name: string } | null> {
  if (typeof body.project_id !== 'string' && typeof body.project_name !== 'string') return null
  const { workspaceId } = caller
  const project = await (typeof body.project_id === 'string'
    ? projects.read(context.api, { workspaceId, id: body.project_id })
    : projects.read(context.api, { workspaceId, name: body.project_name?.trim() ?? '' }))
  if (project === null)
    throw notFound(`project ${body.project_id ?? JSON.stringify(body.project_name)}`)
  return project
}

/** A schema of a record as text, checked to be one. */
export function schemaText(schema: unknown, pointer: string): string | null {
  if (schema === null || schema === undefined) return null
  const text = JSON.stringify(schema)
  checkNewSchema(text, pointer)
  return text
}
