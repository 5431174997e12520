import type { CallContext } from '@millrace/runtime/grpc'
import type { Caller, Context } from '../context.ts'

/** Who calls, by the metadata `authorization`, with or without "Bearer". */
export async function callerOf(
  context: Context,
  call: Pick<CallContext, 'metadata'>,
): Promise<Caller> {
  const header = call.metadata('authorization')?.trim() ?? ''
  const secret = /^bearer /i.test(header) ? header.slice(7).trim() : header
  return context.authenticator.authenticate(secret === '' ? null : secret)
}
