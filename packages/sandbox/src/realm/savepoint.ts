import { invalid, nameOf } from './arguments.ts'
import { ExecutionRevert, ResourceNotFoundError, withFrames } from './exceptions.ts'
import { framesOf } from './call-site.ts'
import { plainValue } from './run.ts'
import type { Run } from './run.ts'

const NEVER_BACK = '{"kind":"value","value":{"v":0}}'

/**
 * Makes a savepoint, with a name or without. Answers with how often the execution has come back to it:
 * whoever goes back there can tell the first time from the others.
 */
export function savepoint(run: Run, api: string, name: unknown): Promise<number> {
  const label = name === undefined || name === null ? '' : nameOf(api, 'name', name)
  const site = run.enter(api)
  const call = { api, kind: 'savepoint', label, args: () => '' } as const
  const { seq, recorded, digest } = run.record(call, site)
  if (label !== '') (run.savepoints ??= new Map()).set(label, seq)
  if (recorded?.outcome !== undefined)
    return Promise.resolve(plainValue(recorded.outcome) as number)
  run.addEntry(seq, 'savepoint', label, site.line, digest, NEVER_BACK)
  return Promise.resolve(0)
}

/**
 * Goes back to a savepoint: by its name, or by the number of a call. Nothing after this runs, but for
 * `finally`; the execution goes on after the savepoint, in another life.
 */
export function revertTo(run: Run, api: string, to: unknown): never {
  const target = targetOf(run, api, to)
  const site = run.enter(api)
  if (target === null) throw withFrames(unknownName(run, String(to)), () => framesOf(site))
  const label = String(to)
  const call = { api, kind: 'revert', label, args: () => `"to":${target}` } as const
  const { seq, recorded, digest } = run.record(call, site)
  if (recorded === null) run.addEntry(seq, 'revert', label, site.line, digest, null)
  throw run.raise(new ExecutionRevert(target))
}

/** Null: there is no savepoint of this name. */
function targetOf(run: Run, api: string, to: unknown): number | null {
  if (typeof to === 'string') return run.savepoints?.get(nameOf(api, 'to', to)) ?? null
  if (typeof to === 'number' && Number.isInteger(to) && to >= 0 && to <= run.seq) return to
  throw invalid(api, 'to', `the name of a savepoint, or a number from 0 to ${run.seq}`, to)
}

function unknownName(run: Run, name: string): ResourceNotFoundError {
  const names = [...(run.savepoints?.keys() ?? [])].map((one) => JSON.stringify(one)).join(', ')
  return new ResourceNotFoundError(
    `this execution has made no savepoint named ${JSON.stringify(name)}${names === '' ? '' : `; it has made ${names}`}`,
    { details: { type: 'savepoint', name } },
  )
}
