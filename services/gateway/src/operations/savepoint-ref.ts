import { ServiceError } from '@millrace/runtime'
import type { SavepointRef } from '@millrace/store'
import { invalid } from '../problem.ts'
import type { RevertBody } from '../schemas/past.ts'

/** A savepoint as a person names it: its number, its id (`generation.seq`), else its name. */
export function parseSavepoint(text: string | number): SavepointRef {
  if (typeof text === 'number') return { seq: text }
  if (/^\d{1,9}$/.test(text)) return { seq: Number(text) }
  const [, generation, seq] = /^([1-9]\d{0,8})\.(\d{1,9})$/.exec(text) ?? []
  if (generation !== undefined && seq !== undefined)
    return { generation: Number(generation), seq: Number(seq) }
  return { name: text }
}

/** Throws `invalid` unless the body names one. */
export function savepointOf({ savepoint_id: id, seq, name }: RevertBody): SavepointRef {
  const given = [id, seq, name].filter((one) => one !== undefined)
  if (given.length !== 1)
    throw invalid([
      {
        pointer: '',
        message: `must have exactly one of savepoint_id, seq and name; it has ${given.length}`,
      },
    ])
  if (id !== undefined) return parseSavepoint(id)
  return seq === undefined ? { name: name ?? '' } : { seq }
}

/** A savepoint that is not there is 404, one that nothing can begin after 409. */
export const refusedSavepoint = (refusal: {
  readonly kind: 'missing' | 'impossible'
  readonly why: string
}): ServiceError =>
  new ServiceError(refusal.kind === 'missing' ? 'notFound' : 'conflict', refusal.why)
