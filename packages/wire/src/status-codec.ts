import { EXECUTION_TYPES, STATUSES, type ExecutionType, type Status } from '@millrace/execution'
import * as proto from './gen/millrace/v1/status.ts'

/** The proto enum's spelling of a status. */
export const encodeStatus = (status: Status): proto.ExecutionStatus => TO_STATUS[status]

/** Throws for UNSPECIFIED: a message without a status comes from nobody we know. */
export function decodeStatus(status: proto.ExecutionStatus): Status {
  const known = FROM_STATUS.get(status)
  if (known === undefined) throw new TypeError(`not a status: ${status}`)
  return known
}

/** The proto enum's spelling of an execution's type. */
export const encodeExecutionType = (type: ExecutionType): proto.ExecutionType => TO_TYPE[type]

/** Throws for UNSPECIFIED. */
export function decodeExecutionType(type: proto.ExecutionType): ExecutionType {
  const known = FROM_TYPE.get(type)
  if (known === undefined) throw new TypeError(`not an execution type: ${type}`)
  return known
}

const TO_STATUS: Readonly<Record<Status, proto.ExecutionStatus>> = {
  SCHEDULED: proto.ExecutionStatus.SCHEDULED,
  WAITING_DEPENDENCY: proto.ExecutionStatus.WAITING_DEPENDENCY,
  WAITING_LOCK: proto.ExecutionStatus.WAITING_LOCK,
  WAITING_RESPONSE: proto.ExecutionStatus.WAITING_RESPONSE,
  WAITING_ENGINE: proto.ExecutionStatus.WAITING_ENGINE,
  AT_ENGINE: proto.ExecutionStatus.AT_ENGINE,
  PAUSED: proto.ExecutionStatus.PAUSED,
  LOST: proto.ExecutionStatus.LOST,
  ENDED_SUCCESS: proto.ExecutionStatus.ENDED_SUCCESS,
  ENDED_ERROR: proto.ExecutionStatus.ENDED_ERROR,
  ENDED_CANCELLED: proto.ExecutionStatus.ENDED_CANCELLED,
}

const TO_TYPE: Readonly<Record<ExecutionType, proto.ExecutionType>> = {
  FLOW: proto.ExecutionType.FLOW,
  SCRIPT: proto.ExecutionType.SCRIPT,
  CONNECTION: proto.ExecutionType.CONNECTION,
  SCHEDULE: proto.ExecutionType.SCHEDULE,
  WRAPPER: proto.ExecutionType.WRAPPER,
}

const FROM_STATUS = new Map(STATUSES.map((status) => [TO_STATUS[status], status]))
const FROM_TYPE = new Map(EXECUTION_TYPES.map((type) => [TO_TYPE[type], type]))
