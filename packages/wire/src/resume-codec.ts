import { ResumeBatch } from './gen/millrace/v1/bus.ts'
import type { ResumeItem } from './messages.ts'

export function encodeResume(items: readonly ResumeItem[]): Uint8Array {
  return ResumeBatch.encode({
    items: items.map(({ workspaceId, executionId, version, answers }) => ({
      workspaceId,
      executionId,
      version,
      answers: [...answers],
    })),
  }).finish()
}

/** Throws for bytes that are not such a batch. */
export const decodeResume = (bytes: Uint8Array): ResumeItem[] => ResumeBatch.decode(bytes).items
