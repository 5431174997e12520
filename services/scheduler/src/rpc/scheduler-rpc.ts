import { served, type ServedService } from '@millrace/runtime/grpc'
import { schedulerService } from '@millrace/wire'
import { attendRpc, type AttendDeps } from './attend.ts'
import { inspectRpc, type InspectDeps } from './inspect.ts'

/** SchedulerService: what people and gateways ask one scheduler. */
export const schedulerRpc = (deps: InspectDeps & AttendDeps): ServedService =>
  served(schedulerService, {
    inspect: () => inspectRpc(deps),
    attend: (request) => attendRpc(deps, request),
  })
