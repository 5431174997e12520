import type { RequestOf, ResponseOf } from '@millrace/runtime/grpc'
import type { schedulerService } from '@millrace/wire'
import type { Schedules } from '../schedules/schedules.ts'

export interface AttendDeps {
  readonly attend: Schedules['attend']
}

type Attend = (typeof schedulerService)['attend']

/** A nudge with an answer: what a person has just changed shows when it returns. */
export async function attendRpc(
  { attend }: AttendDeps,
  { workspaceId, scheduleId }: RequestOf<Attend>,
): Promise<ResponseOf<Attend>> {
  await attend({ workspaceId, scheduleId })
  return {}
}
