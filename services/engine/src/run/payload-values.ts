import type { Answer, EndedExecution, HistoryEntry, Json, Outcome, Value } from '@millrace/replay'
import {
  type Database,
  INLINE_MAX_CHARS,
  type Payload,
  payloadOf,
  readPayloads,
} from '@millrace/store'
import { valuesOf } from './past.ts'

/**
 * Large values travel by reference everywhere but into the code itself. `externalize` takes them out
 * of what is kept, `internalize` puts them back into what the code is given.
 */
export function externalizeOutcome(
  workspaceId: string,
  outcome: Outcome,
  payloads: Payload[],
): Outcome {
  if (outcome.kind !== 'value' || !('v' in outcome.value)) return outcome
  const text = JSON.stringify(outcome.value.v)
  if (text.length <= INLINE_MAX_CHARS) return outcome
  const payload = payloadOf(workspaceId, text)
  if (payload === null) return outcome
  payloads.push(payload)
  return { kind: 'value', value: { p: { hash: payload.hash, size: Buffer.byteLength(text) } } }
}

export async function internalize(
  db: Database,
  workspaceId: string,
  {
    history,
    answers,
  }: { readonly history: readonly HistoryEntry[]; readonly answers: readonly Answer[] },
): Promise<{ readonly history: readonly HistoryEntry[]; readonly answers: readonly Answer[] }> {
  const outcomes = [
    ...history.flatMap((entry) => entry.outcome ?? []),
    ...answers.map((answer) => answer.outcome),
  ]
  const hashes = new Set(
    outcomes.flatMap(valuesOf).flatMap((value) => ('p' in value ? [value.p.hash] : [])),
  )
  if (hashes.size === 0) return { history, answers }
  const bodies = await readPayloads(
    db,
    [...hashes].map((hash) => ({ workspaceId, hash })),
  )
  const inline = (value: Value): Value => {
    if ('v' in value) return value
    const body = bodies.get(`${workspaceId}/${value.p.hash}`)
    return { v: body === undefined ? null : (JSON.parse(body) as Json) }
  }
  return {
    history: history.map((entry) =>
      entry.outcome === undefined ? entry : { ...entry, outcome: mapValues(entry.outcome, inline) },
    ),
    answers: answers.map((answer) => ({ ...answer, outcome: mapValues(answer.outcome, inline) })),
  }
}

function mapValues(outcome: Outcome, map: (value: Value) => Value): Outcome {
  if (outcome.kind === 'value') return { ...outcome, value: map(outcome.value) }
  if (outcome.kind !== 'dependency') return outcome
  return {
    ...outcome,
    ended: outcome.ended.map((ended): EndedExecution => ({ ...ended, output: map(ended.output) })),
  }
}
