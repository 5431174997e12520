import { ServiceError } from '@millrace/runtime'
import { type GrpcDoor, MESSAGE_MAX_BYTES } from '@millrace/runtime/grpc'
import { executionService, messageService, scheduleService } from '@millrace/wire'
import type { Context } from '../context.ts'
import { LINK_BODY_MAX_BYTES } from '../schemas/message.ts'
import { callerOf } from './caller.ts'

/**
 * Who is let in over gRPC, and with how much: as over HTTP nothing is read of whoever has no
 * credentials, and messages that are being read count together with bodies.
 */
export function rpcDoor(context: Context): GrpcDoor {
  const { admission } = context
  let strangersBytes = 0

  function takeOfStranger(bytes: number): () => void {
    if (strangersBytes + bytes > STRANGERS_MAX_BYTES)
      throw new ServiceError('limited', 'Too many answer links at once. Try again in a moment.', {
        details: { retryAfterSeconds: 1 },
      })
    strangersBytes += bytes
    return () => (strangersBytes -= bytes)
  }

  return {
    callsPerConnection: 8_192,
    silentMs: 30_000,
    admit(call) {
      if (LINKS.has(call.path)) return LINK_BODY_MAX_BYTES
      if (!call.path.startsWith('/millrace.')) return PROBE_MAX_BYTES
      return callerOf(context, call).then(() => MESSAGE_MAX_BYTES)
    },
    take(path, bytes) {
      if (LINKS.has(path)) return takeOfStranger(bytes)
      if (STARTS.has(path)) return admission.enter({ bytes, waits: false })
      return bytes > SMALL_BYTES ? admission.hold(bytes) : null
    },
  }
}

/** The calls that need no credentials. */
const LINKS: ReadonlySet<string> = new Set([
  messageService.readLink.path,
  messageService.replyByLink.path,
])

/** What REST has `starts` of. */
const STARTS: ReadonlySet<string> = new Set([
  executionService.create.path,
  executionService.createBatch.path,
  executionService.rerun.path,
  scheduleService.trigger.path,
])

/** Messages of strangers that are in memory at once. */
const STRANGERS_MAX_BYTES = 32 * 1_048_576
/** Of health and reflection, whose messages hold a name. */
const PROBE_MAX_BYTES = 4_096
/** What fits into the window of a call costs no more than the call itself. */
const SMALL_BYTES = 65_536
