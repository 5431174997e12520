import { type Status, statusOfWait } from '@millrace/execution'
import type { End, HistoryEntry } from '@millrace/replay'
import type { ActivationCommit, Payload } from '@millrace/store'
import type { Collected } from './collected.ts'
import type { Held, OpenWait } from './held.ts'
import { externalizeOutcome } from './payload-values.ts'

/** The rows that an activation leaves behind, and the payloads that must be stored before them. */
export function buildCommit(
  held: Held,
  { collected, processId }: { readonly collected: Collected; readonly processId: string },
): { readonly commit: ActivationCommit; readonly payloads: readonly Payload[] } {
  const payloads: Payload[] = []
  const end = isRevert(collected.end) ? null : collected.end
  const isOver = collected.end !== null
  const { stop } = collected
  // Beneath the pause of a stop lies what it waits for besides.
  const waits = collected.open.filter((seq) => seq !== stop?.seq)
  const oldest = oldestOpen(held, waits)
  const settings = [...collected.settings].map(([name, { id, value }]) => ({
    id,
    name,
    value: JSON.stringify(value),
  }))
  return {
    payloads,
    commit: {
      workspaceId: held.workspaceId,
      executionId: held.executionId,
      version: held.version,
      generation: held.generation,
      status: end?.status ?? (isOver ? 'WAITING_ENGINE' : statusOf(oldest, stop !== null)),
      ended: end !== null,
      consumed: held.consumed,
      processId,
      startedAt: held.startedAt,
      line: collected.line,
      lastCommand: collected.lastCommand,
      name: collected.name,
      message: end === null ? collected.message : (end.message ?? collected.message),
      output: outputOf(end, collected),
      dueIn: null,
      dueAt: isOver ? null : (oldest?.dueAt ?? null),
      hasWaits: held.hadWaits || stop !== null,
      history: historyOf(held.workspaceId, collected, payloads),
      log:
        collected.logs.length === 0
          ? null
          : { firstSeq: collected.logs[0]?.seq ?? 0, lines: JSON.stringify(collected.logs) },
      children: [...collected.children.values()],
      waits: isOver ? [] : collected.waits,
      lockRequests: isOver ? [] : collected.lockRequests,
      settings,
      ...(collected.files.size > 0 && { files: [...collected.files.values()] }),
      ...(collected.messages.length > 0 && { messages: collected.messages }),
    },
  }
}

/** Its code goes back: what it did is kept, and the next life is begun after this commit. */
export const isRevert = (end: End | null): end is End & { readonly to: number } =>
  end?.reason === 'reverted' && end.to !== undefined

/** The oldest unanswered wait is what the status shows. */
function oldestOpen(held: Held, open: readonly number[]): OpenWait | null {
  const seq = open[0]
  return seq === undefined ? null : (held.waits.get(seq) ?? null)
}

const statusOf = (oldest: OpenWait | null, isStopped: boolean): Status =>
  isStopped && oldest === null ? 'WAITING_ENGINE' : statusOfWait(oldest?.kind ?? 'DEPENDENCY')

function outputOf(end: End | null, collected: Collected): string | undefined {
  if (end !== null) return JSON.stringify(end.output)
  return collected.output === undefined ? undefined : JSON.stringify(collected.output)
}

function historyOf(
  workspaceId: string,
  collected: Collected,
  payloads: Payload[],
): ActivationCommit['history'] {
  const { entries, localOutcomes } = collected
  const [first, last] = [entries[0], entries.at(-1)]
  if (first === undefined || last === undefined) return null
  const kept = entries.map((entry): HistoryEntry => {
    const outcome = entry.outcome ?? localOutcomes.get(entry.seq)
    return outcome === undefined
      ? entry
      : { ...entry, outcome: externalizeOutcome(workspaceId, outcome, payloads) }
  })
  return { firstSeq: first.seq, lastSeq: last.seq, entries: JSON.stringify(kept) }
}
