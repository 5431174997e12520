import type { AnswerRow, Checker, SavepointRow, Violation } from '../evidence.ts'
import { groupBy, indexBy } from './group-by.ts'

/** I4: one entry per command, one answer per wait, positions without a hole. */
export const checkHistory: Checker = ({ rows }) => {
  const byId = indexBy(rows.executions, ({ id }) => id)
  const of = (row: { execution: string; generation: number }): string =>
    `${row.execution}/${row.generation}`
  return [
    ...[...groupBy(rows.savepoints, of)].flatMap(([key, own]) => seqs(key, own)),
    ...[...groupBy(rows.answers, of)].flatMap(([key, own]) => positions(key, own)),
    ...[...groupBy(rows.answers, ({ execution }) => execution)].flatMap(([id, own]) => {
      const owner = byId.get(id)
      const current = own.filter(({ generation }) => generation === owner?.generation)
      return owner !== undefined && current.length !== owner.answered
        ? [broken(`${id} counts ${owner.answered} answers and has ${current.length}`)]
        : []
    }),
  ]
}

function seqs(key: string, own: readonly SavepointRow[]): Violation[] {
  const violations: Violation[] = []
  let last = 0
  for (const row of own) {
    if (row.firstSeq <= last)
      violations.push(broken(`savepoints of ${key} overlap at ${row.firstSeq}, after ${last}`))
    if (row.seqs.some((seq) => seq < row.firstSeq || seq > row.lastSeq))
      violations.push(broken(`a savepoint of ${key} from ${row.firstSeq} has foreign entries`))
    last = row.lastSeq
  }
  const all = own.flatMap((row) => row.seqs)
  if (new Set(all).size !== all.length) violations.push(broken(`${key} has an entry twice`))
  return violations
}

function positions(key: string, own: readonly AnswerRow[]): Violation[] {
  const hole = own.find((row, index) => row.position !== index + 1)
  const twice = own.length !== new Set(own.map(({ seq }) => seq)).size
  return [
    ...(hole === undefined ? [] : [broken(`answers of ${key} have a hole at ${hole.position}`)]),
    ...(twice ? [broken(`a command of ${key} was answered twice`)] : []),
  ]
}

const broken = (text: string): Violation => ({ invariant: 'I4', text })
