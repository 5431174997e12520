import { type ErrorValue, type Json, recordWords } from '@millrace/replay'
import { toServiceError } from '@millrace/runtime'
import {
  type AnsweredExecution,
  answerWaits,
  type AskedOfRecords,
  type Database,
  lockAsked,
  putPayloads,
  type Queryable,
  valueOutcome,
} from '@millrace/store'
import type { Caller, Context } from '../context.ts'
import { toProblem } from '../problem.ts'
import { writeForFlow, type WrittenForFlow } from './flow-record-writes.ts'
import { isRead, readForFlow, type ReadRequest, type WriteRequest } from './flow-records.ts'
import { tellAnswered } from './tell-answered.ts'

/**
 * Does what an execution has asked of records and answers it, once: a change and its answer are one
 * transaction, and only while the request is open. A crash before it leaves the request open, and the
 * sweep has it done; one after it leaves what the sweep finds, and caches that live for a second.
 * Throws what another try may mend.
 */
export async function answerRecordRequest(context: Context, asked: AskedOfRecords): Promise<void> {
  try {
    const { request } = asked
    const { answered, announce } = isRead(request)
      ? { answered: await readAndAnswer(context, asked, request), announce: null }
      : await writeAndAnswer(context, asked, request)
    await announce?.(context).catch((error: unknown) => {
      context.log.warn({ error }, 'a change that a flow has made was not told to all')
    })
    await tellAnswered(context, answered)
  } catch (error) {
    const refusal = refusalOf(asked, error)
    if (refusal === null) throw error
    await refuseRecordRequest(context, asked, refusal)
  }
}

/** Nothing has changed: the call throws. */
export async function refuseRecordRequest(
  context: Context,
  asked: AskedOfRecords,
  error: ErrorValue,
): Promise<void> {
  const outcome = { kind: 'error', error } as const
  await tellAnswered(context, await answerWaits(context.api, [{ ...asked, outcome }]))
}

/** What it throws when it was tried often enough. */
export const gaveUp = ({ request }: AskedOfRecords): ErrorValue => ({
  name: 'InternalError',
  message: `${recordWords(request)}: it was tried several times and did not get done; the log of the gateway says why`,
})

async function readAndAnswer(
  context: Context,
  asked: AskedOfRecords,
  request: ReadRequest,
): Promise<readonly AnsweredExecution[]> {
  const value = await readForFlow(context, callerOf(asked), request)
  return answer(context.api, asked, value)
}

async function writeAndAnswer(
  context: Context,
  asked: AskedOfRecords,
  request: WriteRequest,
): Promise<{
  answered: readonly AnsweredExecution[]
  announce: WrittenForFlow['announce']
}> {
  const attempt = (): ReturnType<typeof writeAndAnswer> =>
    context.api.transaction(async (tx) => {
      if (!(await lockAsked(tx, asked))) return { answered: [], announce: null }
      const inside = { ...context, api: within(tx) }
      const { answer: value, announce } = await writeForFlow(inside, callerOf(asked), request)
      const answered = await answer(tx, asked, value)
      // Of a former generation, say: what was written for nobody is taken back.
      if (answered.length === 0) throw new Unwanted()
      return { answered, announce }
    })
  try {
    return await attempt().catch((error: unknown) => {
      // Somebody else made the record that was not there: now it is, and is changed.
      if (request.action === 'save' && codeOf(error) === 'conflict') return attempt()
      throw error
    })
  } catch (error) {
    if (error instanceof Unwanted) return { answered: [], announce: null }
    throw error
  }
}

class Unwanted extends Error {}

async function answer(
  db: Queryable,
  asked: AskedOfRecords,
  value: Json,
): Promise<readonly AnsweredExecution[]> {
  const { outcome, payload } = valueOutcome(asked.workspaceId, value)
  if (payload !== null) await putPayloads(db, [payload])
  return answerWaits(db, [{ ...asked, outcome }])
}

/** What an execution may do is what the identity may that it runs for. */
const callerOf = ({ workspaceId, executionId, createdBy }: AskedOfRecords): Caller => ({
  workspaceId,
  userId: createdBy ?? executionId,
  userName: `execution ${executionId}`,
  isAdmin: false,
  expiresAt: null,
})

/** Transactions inside of it are part of it. */
const within = (tx: Queryable): Database => ({
  query: (statement, params) => tx.query(statement, params),
  transaction: (work) => work(tx),
  close: () => Promise.resolve(),
})

const codeOf = (error: unknown): string => toServiceError(error).code

/** What the call throws; null: it is worth another try. */
function refusalOf({ request }: AskedOfRecords, error: unknown): ErrorValue | null {
  const service = toServiceError(error)
  const { detail, errors } = toProblem(service, '')
  const message = `${recordWords(request)}: ${detail}`
  const { type } = request
  const key = 'key' in request ? request.key : null
  switch (service.code) {
    case 'notFound':
      return { name: 'ResourceNotFoundError', message, details: { type, key } }
    case 'invalid':
    case 'tooLarge': {
      const places = (errors ?? []).map((one) => ({ pointer: one.pointer, message: one.message }))
      return { name: 'InvalidInputError', message, details: { errors: places } }
    }
    case 'forbidden':
    case 'unauthenticated':
      return { name: 'PermissionDenied', message, details: { type, key } }
    case 'conflict':
      return { name: 'EngineException', message, details: { code: 'conflict', type, key } }
    case 'stale':
    case 'limited':
    case 'unavailable':
    case 'internal':
      return null
  }
}
