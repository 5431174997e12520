import { DispatchBatch, type FreshExecution } from './gen/millrace/v1/bus.ts'
import type { DispatchItem } from './messages.ts'

export function encodeDispatch(items: readonly DispatchItem[]): Uint8Array {
  return DispatchBatch.encode({ items: items.map(toWire) }).finish()
}

/** Throws for bytes that are not such a batch. */
export function decodeDispatch(bytes: Uint8Array): DispatchItem[] {
  return DispatchBatch.decode(bytes).items.map(fromWire)
}

type WireItem = DispatchBatch['items'][number]

function toWire({ workspaceId, executionId, version, fresh }: DispatchItem): WireItem {
  if (fresh === undefined) return { workspaceId, executionId, version }
  return {
    workspaceId,
    executionId,
    version,
    fresh: {
      type: fresh.type,
      scriptHash: fresh.scriptHash,
      input: fresh.input,
      name: fresh.name ?? undefined,
      parentId: fresh.parentId ?? undefined,
      topId: fresh.topId,
      traceparent: fresh.traceparent ?? undefined,
      extra: fresh.extra ?? undefined,
    },
  }
}

function fromWire({ workspaceId, executionId, version, fresh }: WireItem): DispatchItem {
  if (fresh === undefined) return { workspaceId, executionId, version }
  return { workspaceId, executionId, version, fresh: freshFromWire(fresh) }
}

const freshFromWire = (fresh: FreshExecution): NonNullable<DispatchItem['fresh']> => ({
  type: fresh.type,
  scriptHash: fresh.scriptHash,
  input: fresh.input,
  name: fresh.name ?? null,
  parentId: fresh.parentId ?? null,
  topId: fresh.topId,
  traceparent: fresh.traceparent ?? null,
  ...(fresh.extra !== undefined && { extra: fresh.extra }),
})
