import { ControlBatch, EndedBatch, MovedBatch } from './gen/millrace/v1/bus.ts'
import type { ControlItem, EndedItem, MovedItem } from './messages.ts'
import { decodeStatus, encodeStatus } from './status-codec.ts'

export function encodeMoved(items: readonly MovedItem[]): Uint8Array {
  return MovedBatch.encode({
    items: items.map(({ workspaceId, executionId, version, status, parentId }) => ({
      workspaceId,
      executionId,
      version,
      status: encodeStatus(status),
      parentId: parentId ?? undefined,
    })),
  }).finish()
}

/** Throws for bytes that are not such a batch. */
export function decodeMoved(bytes: Uint8Array): MovedItem[] {
  return MovedBatch.decode(bytes).items.map(
    ({ workspaceId, executionId, version, status, parentId }) => ({
      workspaceId,
      executionId,
      version,
      status: decodeStatus(status),
      parentId: parentId ?? null,
    }),
  )
}

export function encodeEnded(items: readonly EndedItem[]): Uint8Array {
  return EndedBatch.encode({
    items: items.map(({ workspaceId, executionId, status }) => ({
      workspaceId,
      executionId,
      status: encodeStatus(status),
    })),
  }).finish()
}

/** Throws for bytes that are not such a batch. */
export function decodeEnded(bytes: Uint8Array): EndedItem[] {
  return EndedBatch.decode(bytes).items.map(({ workspaceId, executionId, status }) => ({
    workspaceId,
    executionId,
    status: decodeStatus(status),
  }))
}

export function encodeControl(items: readonly ControlItem[]): Uint8Array {
  return ControlBatch.encode({
    items: items.map(({ workspaceId, executionId, version, status }) => ({
      workspaceId,
      executionId,
      version,
      status: encodeStatus(status),
    })),
  }).finish()
}

/** Throws for bytes that are not such a batch. */
export function decodeControl(bytes: Uint8Array): ControlItem[] {
  return ControlBatch.decode(bytes).items.map(({ workspaceId, executionId, version, status }) => ({
    workspaceId,
    executionId,
    version,
    status: decodeStatus(status),
  }))
}
