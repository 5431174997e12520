import {
  EagerBatch as WireBatch,
  type EagerEnd as WireEnd,
  EagerRefusal as WireRefusal,
  EagerResultBatch,
} from './gen/millrace/v1/bus.ts'
import type { EagerBatch, EagerEnd, EagerRefusal, EagerResult, EagerStart } from './messages.ts'
import { decodeStatus, encodeStatus } from './status-codec.ts'

export const encodeEager = ({ replyTo, items }: EagerBatch): Uint8Array =>
  WireBatch.encode({
    replyTo,
    items: items.map((item) => ({
      ...item,
      name: item.name ?? undefined,
      flowId: item.flowId ?? undefined,
      projectId: item.projectId ?? undefined,
      createdBy: item.createdBy ?? undefined,
      traceparent: item.traceparent ?? undefined,
      extra: item.extra ?? undefined,
    })),
  }).finish()

/** Throws for bytes that are not such a batch. */
export function decodeEager(bytes: Uint8Array): EagerBatch {
  const { replyTo, items } = WireBatch.decode(bytes)
  return { replyTo, items: items.map(startFromWire) }
}

export const encodeEagerResults = (items: readonly EagerResult[]): Uint8Array =>
  EagerResultBatch.encode({
    items: items.map((item) =>
      'end' in item
        ? {
            executionId: item.executionId,
            end: endToWire(item.end),
            refusal: WireRefusal.UNSPECIFIED,
          }
        : { executionId: item.executionId, refusal: TO_REFUSAL[item.refusal] },
    ),
  }).finish()

/** Throws for bytes that are not such a batch. */
export const decodeEagerResults = (bytes: Uint8Array): EagerResult[] =>
  EagerResultBatch.decode(bytes).items.map(({ executionId, end, refusal }) =>
    end === undefined
      ? { executionId, refusal: FROM_REFUSAL.get(refusal) ?? 'busy' }
      : { executionId, end: endFromWire(end) },
  )

function startFromWire(item: WireBatch['items'][number]): EagerStart {
  if (item.type !== 'FLOW' && item.type !== 'SCRIPT')
    throw new TypeError(`not a type that starts eagerly: ${item.type}`)
  return {
    workspaceId: item.workspaceId,
    executionId: item.executionId,
    type: item.type,
    name: item.name ?? null,
    flowId: item.flowId ?? null,
    scriptHash: item.scriptHash,
    projectId: item.projectId ?? null,
    input: item.input,
    isProductive: item.isProductive,
    priority: item.priority,
    createdBy: item.createdBy ?? null,
    traceparent: item.traceparent ?? null,
    extra: item.extra ?? null,
  }
}

const endToWire = (end: EagerEnd): WireEnd => ({
  status: encodeStatus(end.status),
  processId: end.processId,
  lineno: end.line ?? undefined,
  lastCommand: end.lastCommand ?? undefined,
  name: end.name ?? undefined,
  message: end.message ?? undefined,
  output: end.output ?? undefined,
  outputHash: end.outputHash ?? undefined,
  createdAt: end.createdAt,
  startedAt: end.startedAt,
  endedAt: end.endedAt,
})

const endFromWire = (end: WireEnd): EagerEnd => ({
  status: decodeStatus(end.status),
  processId: end.processId,
  line: end.lineno ?? null,
  lastCommand: end.lastCommand ?? null,
  name: end.name ?? null,
  message: end.message ?? null,
  output: end.output ?? null,
  outputHash: end.outputHash ?? null,
  createdAt: end.createdAt,
  startedAt: end.startedAt,
  endedAt: end.endedAt,
})

const TO_REFUSAL: Readonly<Record<EagerRefusal, WireRefusal>> = {
  waits: WireRefusal.WAITS,
  slow: WireRefusal.SLOW,
  busy: WireRefusal.BUSY,
}

const FROM_REFUSAL = new Map(
  Object.entries(TO_REFUSAL).map(([refusal, wire]) => [wire, refusal as EagerRefusal]),
)
