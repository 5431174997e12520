import { EXECUTION_TYPES, STATUSES, type ExecutionType, type Status } from '@millrace/execution'
import { ExecutionStatus, ExecutionType as WireType } from './gen/millrace/v1/status.ts'

/** The proto enum's spelling of a status. */
export const encodeStatus = (status: Status): ExecutionStatus => TO_STATUS[status]

/** Throws for UNSPECIFIED: a message without a status comes from nobody we know. */
export function decodeStatus(status: ExecutionStatus): Status {
  const known = FROM_STATUS.get(status)
  if (known === undefined) throw new TypeError(`not a status: ${status}`)
  return known
}

/** The proto enum's spelling of an execution's type. */
export const encodeExecutionType = (type: ExecutionType): WireType => TO_TYPE[type]

/** Throws for UNSPECIFIED. */
export function decodeExecutionType(type: WireType): ExecutionType {
  const known = FROM_TYPE.get(type)
  if (known === undefined) throw new TypeError(`not an execution type: ${type}`)
  return known
}

const TO_STATUS: Readonly<Record<Status, ExecutionStatus>> = {
  SCHEDULED: ExecutionStatus.SCHEDULED,
  WAITING_DEPENDENCY: ExecutionStatus.WAITING_DEPENDENCY,
  WAITING_LOCK: ExecutionStatus.WAITING_LOCK,
  WAITING_RESPONSE: ExecutionStatus.WAITING_RESPONSE,
  WAITING_ENGINE: ExecutionStatus.WAITING_ENGINE,
  AT_ENGINE: ExecutionStatus.AT_ENGINE,
  PAUSED: ExecutionStatus.PAUSED,
  LOST: ExecutionStatus.LOST,
  ENDED_SUCCESS: ExecutionStatus.ENDED_SUCCESS,
  ENDED_ERROR: ExecutionStatus.ENDED_ERROR,
  ENDED_CANCELLED: ExecutionStatus.ENDED_CANCELLED,
}

const TO_TYPE: Readonly<Record<ExecutionType, WireType>> = {
  FLOW: WireType.FLOW,
  SCRIPT: WireType.SCRIPT,
  CONNECTION: WireType.CONNECTION,
  SCHEDULE: WireType.SCHEDULE,
  WRAPPER: WireType.WRAPPER,
}

const FROM_STATUS = new Map(STATUSES.map((status) => [TO_STATUS[status], status]))
const FROM_TYPE = new Map(EXECUTION_TYPES.map((type) => [TO_TYPE[type], type]))
