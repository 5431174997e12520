import { served, type ServedService } from '@millrace/runtime/grpc'
import { schedulerService } from '@millrace/wire'
import { attendRpc, type AttendDeps } from './attend.ts'
import { inspectRpc, type InspectDeps } from './inspect.ts'
import { mendRpc, type MendDeps } from './mend.ts'

/** SchedulerService: what people and gateways ask one scheduler. `mend` is there once its resolvers are. */
export const schedulerRpc = (
  deps: InspectDeps & AttendDeps & { readonly mend: () => MendDeps },
): ServedService =>
  served(schedulerService, {
    inspect: () => inspectRpc(deps),
    attend: (request) => attendRpc(deps, request),
    mend: (request) => mendRpc(deps.mend(), request),
  })
