import { served, type ServedService } from '@millrace/runtime/grpc'
import { schedulerService } from '@millrace/wire'
import { inspectRpc, type InspectDeps } from './inspect.ts'

/** SchedulerService: what people ask one scheduler. */
export const schedulerRpc = (deps: InspectDeps): ServedService =>
  served(schedulerService, { inspect: () => inspectRpc(deps) })
