import type { Bus, Subscription } from '@millrace/bus'
import type { RecordRequests } from '../loop/record-requests.ts'

/** Executions have asked something of records. */
export const consumeRecordRequests = (
  bus: Bus,
  requests: Pick<RecordRequests, 'note'>,
): Subscription => bus.onRecordRequestNudge((items) => requests.note(items))
