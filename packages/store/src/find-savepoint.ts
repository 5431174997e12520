import {
  type CutHistory,
  cutHistory,
  findSavepoint,
  type HistoryEntry,
  type Life,
  standAt,
} from '@millrace/replay'
import type { Queryable } from './database.ts'
import { readPast, type StoredPast } from './past.ts'
import type { ExecutionRow } from './read-execution.ts'

/** A savepoint: the call that it is after (0: the beginning), or the name that the code gave it. */
export type SavepointRef =
  | { readonly seq: number; /** Default: the present one. */ readonly generation?: number }
  | { readonly name: string }

export type FoundSavepoint =
  { readonly kind: 'found'; readonly past: StoredPast; readonly seq: number } | SavepointRefusal

/** `missing`: there is no such savepoint. `impossible`: there is, but nothing can begin after it. */
export interface SavepointRefusal {
  readonly kind: 'missing' | 'impossible'
  /** A sentence for whoever asked, with the way out. */
  readonly why: string
}

/** Finds a savepoint of an execution, in the life that it belongs to. */
export async function findSavepointOf(
  db: Queryable,
  row: ExecutionRow,
  ref: SavepointRef,
): Promise<FoundSavepoint> {
  const generation = ('seq' in ref ? ref.generation : undefined) ?? row.generation
  if (generation < 1 || generation > row.generation)
    return missing(`Execution ${row.id} has no generation ${generation}: it has ${row.generation}.`)
  const past = await readPast(db, row, generation)
  const seq = 'seq' in ref ? ref.seq : findSavepoint(past.history, ref.name)
  if (seq === null)
    return missing(
      `Execution ${row.id} has no savepoint named ${JSON.stringify('name' in ref ? ref.name : '')}. List its savepoints.`,
    )
  const last = past.history.length
  if (seq > last)
    return missing(
      `Execution ${row.id} has no savepoint ${generation}.${seq}: the last one is ${generation}.${last}.`,
    )
  if (keepsLast(row) && !isNewest(row, past, seq))
    return impossible(
      `Execution ${row.id} keeps its newest savepoint only (savepoint_retention LAST), and that is ${row.generation}.${last}.`,
    )
  return { kind: 'found', past, seq }
}

/** Cuts what was found. `at`: ms since 1970, when the next life begins. */
export function cutAt(
  { past, seq }: { readonly past: StoredPast; readonly seq: number },
  at: number,
): CutHistory | SavepointRefusal {
  const cut = cutHistory(past, seq, at)
  if (cut.kind === 'cut') return cut
  if (cut.kind === 'noSuchCall') return missing(`The last savepoint is ${cut.last}.`)
  const names = cut.locks.map((name) => JSON.stringify(name)).join(', ')
  return impossible(
    `At savepoint ${seq} the code holds ${cut.locks.length === 1 ? 'the lock' : 'the locks'} ${names}, and going back gives up every lock. ` +
      `The last savepoint before that is ${cut.before}.`,
  )
}

/** How an execution stood right after a savepoint. */
export interface SavepointStand {
  readonly kind: 'stand'
  readonly generation: number
  readonly seq: number
  /** Calls that were waiting for an answer; `since`: ms since 1970. */
  readonly open: readonly (HistoryEntry & { readonly since: number | null })[]
  /** Names of the locks that it held. */
  readonly locks: readonly string[]
  /** Whose lives its calls are of, up to the savepoint, oldest first. */
  readonly lives: readonly Pick<Life, 'id' | 'generation' | 'last'>[]
}

/** Reads how an execution stood at a savepoint, without going back to it. */
export async function readStand(
  db: Queryable,
  row: ExecutionRow,
  ref: SavepointRef,
): Promise<SavepointStand | SavepointRefusal> {
  const found = await findSavepointOf(db, row, ref)
  if (found.kind !== 'found') return found
  const { past, seq } = found
  const { open, locks } = standAt(past.history, past.answers, seq)
  const before = past.history[0]?.lives ?? []
  return {
    kind: 'stand',
    generation: past.life.generation,
    seq,
    open: open.map((entry) => ({
      ...entry,
      since: past.rows.find((one) => one.lastSeq >= entry.seq)?.createdAt ?? null,
    })),
    locks,
    lives: [...before, { ...past.life, last: seq }].map((life) => ({
      ...life,
      last: Math.min(life.last, seq),
    })),
  }
}

/** The newest savepoint of its present generation; 0: its beginning. */
export async function newestSavepoint(db: Queryable, row: ExecutionRow): Promise<number> {
  const { history, answers } = await readPast(db, row, row.generation)
  return standAt(history, answers, history.length).seq
}

export const keepsLast = ({ extra }: Pick<ExecutionRow, 'extra'>): boolean =>
  extra !== null &&
  (JSON.parse(extra) as { savepoint_retention?: unknown }).savepoint_retention === 'LAST'

/** The newest one is where it stands; trailing calls that nothing can begin after are not told apart. */
function isNewest(row: ExecutionRow, { life, history, answers }: StoredPast, seq: number): boolean {
  if (life.generation !== row.generation) return false
  const newest = standAt(history, answers, history.length).seq
  return standAt(history, answers, seq).seq === newest
}

const missing = (why: string): SavepointRefusal => ({ kind: 'missing', why })
const impossible = (why: string): SavepointRefusal => ({ kind: 'impossible', why })
