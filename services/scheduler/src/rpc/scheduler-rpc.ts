import { served, type ServedService } from '@millrace/runtime/grpc'
import { schedulerService } from '@millrace/wire'
import { inspectRpc, type InspectDeps } from './inspect.ts'
import { mendRpc, type MendDeps } from './mend.ts'

/** SchedulerService: what people ask one scheduler. `mend` is there once its resolvers are. */
export const schedulerRpc = (
  deps: InspectDeps & { readonly mend: () => MendDeps },
): ServedService =>
  served(schedulerService, {
    inspect: () => inspectRpc(deps),
    mend: (request) => mendRpc(deps.mend(), request),
  })
