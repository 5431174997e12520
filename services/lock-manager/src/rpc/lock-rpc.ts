import { served, type ServedService } from '@millrace/runtime/grpc'
import { lockService } from '@millrace/wire'
import type { LockContext } from '../context.ts'
import { forceReleaseRpc } from './force-release.ts'
import { inspectRpc } from './inspect.ts'
import { serveRpc } from './serve.ts'

/** LockService: what the gateway asks a lock-manager. Any copy answers for all locks. */
export const lockRpc = (context: LockContext): ServedService =>
  served(lockService, {
    inspect: (request) => inspectRpc(context, request),
    forceRelease: (request) => forceReleaseRpc(context, request),
    serve: (request) => serveRpc(context, request),
  })
