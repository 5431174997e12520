import type { Activation, Answer, CommandKind, HistoryEntry, Json } from '@millrace/replay'
import { now } from '@millrace/runtime'
import { type Database, type LoadedExecution, readPayloads } from '@millrace/store'
import type { DispatchItem } from '@millrace/wire'
import { type Held, type HeldDebug, type OpenWait, type Realm, sandboxKey } from './held.ts'
import { debuggedScript, loadDebug } from './load-debug.ts'
import { createLargePasts } from './large-pasts.ts'
import { bytesOfAnswers, bytesReferredTo, isTooMuch } from './past.ts'
import { internalize } from './payload-values.ts'
import { createReader } from './read-executions.ts'
import type { Realms } from './realms.ts'
import { withoutAsked } from './without-asked.ts'

/** An execution ready to be activated from its beginning, or why it need not be. */
export type Loaded =
  | {
      readonly kind: 'ready'
      readonly held: Held
      readonly activation: Activation
      /** What the activation brings along. */
      readonly bytes: number
    }
  | { readonly kind: 'gone' }
  /** Its past has more bytes than can be replayed. */
  | { readonly kind: 'tooMuch'; readonly held: Held }
  | { readonly kind: 'noScript'; readonly held: Held }

interface LoadRequest {
  readonly workspaceId: string
  readonly executionId: string
  readonly version: number
  readonly claimed?: boolean
}

/** Answers that the code has not seen, and their bytes; `tooMuch`: with them nobody could replay it. */
export type NewAnswers =
  { readonly answers: readonly Answer[]; readonly bytes: number } | { readonly tooMuch: true }

export interface Loader {
  /** From the copies that came with the dispatch: nothing is read but a script not seen before. */
  fromDispatch(item: FreshItem): Promise<Loaded>
  /** `claimed`: it is AT_ENGINE under this very process, at the version that `key` names. */
  fromStore(key: LoadRequest): Promise<Loaded>
  /**
   * The answers after the last one that the code has seen, when the execution is ready at exactly
   * this version. Null: it has moved on, and what is suspended here is of the past.
   */
  answersAfter(held: Held, version: number): Promise<NewAnswers | null>
  /**
   * `given` as the code of `held` is given them next, counted as its past. When that would be too much,
   * nothing is read.
   */
  answersInto(held: Held, given: readonly Answer[]): Promise<NewAnswers>
  /** The sandbox has what was loaded of it, or nobody will give it that: another large past has its turn. */
  passed(executionId: string): void
}

type FreshItem = DispatchItem & { readonly fresh: NonNullable<DispatchItem['fresh']> }

/** Makes of executions, wherever they are read, what the sandbox is given. */
export function createLoader({
  db,
  realms,
}: {
  readonly db: Database
  readonly realms: Realms
}): Loader {
  const pasts = createLargePasts()
  const read = createReader(db, pasts)

  async function answersInto(held: Held, given: readonly Answer[]): Promise<NewAnswers> {
    const bytes = bytesOfAnswers(given)
    if (isTooMuch(held.past + bytes)) return { tooMuch: true }
    await pasts.enter(held.executionId, bytes)
    const { answers } = await internalize(db, held.workspaceId, { history: [], answers: given })
    held.past += bytes
    return { answers, bytes }
  }

  return {
    answersInto,
    passed: pasts.leave,

    async fromDispatch(item) {
      const { workspaceId, executionId, version, fresh } = item
      const realm = await realms.load(workspaceId, fresh.scriptHash)
      const held = newHeld(
        { workspaceId, executionId, version, generation: 1, ...fresh, startedAt: now() },
        realm,
      )
      if (realm === null) return { kind: 'noScript', held }
      return {
        kind: 'ready',
        held,
        activation: startOf(held, {
          input: JSON.parse(fresh.input) as Json,
          history: [],
          answers: [],
        }),
        bytes: fresh.input.length,
      }
    },

    async fromStore({ workspaceId, executionId, ...key }) {
      const loaded = await read({ workspaceId, executionId })
      if (loaded === null || loaded.scriptHash === null) return { kind: 'gone' }
      const row = await withoutAsked(db, loaded)
      const ours = key.claimed === true && row.status === 'AT_ENGINE' && row.version === key.version
      // PAUSED, LOST and ended ones are not to be run; parked ones have moved on since the nudge.
      if (row.status !== 'WAITING_ENGINE' && !ours) return { kind: 'gone' }
      const [realm, debug] = await Promise.all([
        realms.load(row.workspaceId, loaded.scriptHash),
        loadDebug(db, row),
      ])
      const held = newHeld({ ...row, startedAt: row.startedAt ?? now(), debug }, realm)
      if (realm === null) return { kind: 'noScript', held }
      held.past = row.bytes + bytesReferredTo(row)
      if (!row.isWhole || isTooMuch(held.past)) {
        // Nobody has looked: what it may have had goes with its end.
        held.hadWaits = true
        held.askedForLocks = true
        return { kind: 'tooMuch', held }
      }
      for (const [seq, wait] of waitsOf(row.history, row.answers)) held.waits.set(seq, wait)
      held.hadWaits = row.history.some((entry) => entry.kind in WAIT_KIND_OF)
      held.askedForLocks = row.history.some((entry) => entry.kind === 'lock')
      await pasts.enter(executionId, held.past)
      const [input, past] = await Promise.all([
        inputOf(db, row),
        internalize(db, row.workspaceId, row),
      ])
      const activation = startOf(held, { input: JSON.parse(input) as Json, ...past })
      return { kind: 'ready', held, activation, bytes: held.past + input.length }
    },

    async answersAfter(held, version) {
      const row = await read({
        workspaceId: held.workspaceId,
        executionId: held.executionId,
        after: held.consumed,
      })
      if (row === null || row.status !== 'WAITING_ENGINE' || row.version !== version) return null
      // Reverted: these are answers of another life.
      if (row.generation !== held.generation) return null
      if (!row.isWhole) return { tooMuch: true }
      return answersInto(held, row.answers)
    },
  }
}

interface HeldFacts extends Pick<
  Held,
  | 'workspaceId'
  | 'executionId'
  | 'generation'
  | 'type'
  | 'name'
  | 'parentId'
  | 'topId'
  | 'traceparent'
  | 'startedAt'
  | 'version'
> {
  /** JSON text of rarely set properties. */
  readonly extra?: string | null
  readonly debug?: HeldDebug | null
}

function newHeld(facts: HeldFacts, realm: Realm | null): Held {
  const {
    workspaceId,
    executionId,
    generation,
    type,
    name,
    parentId,
    topId,
    traceparent,
    startedAt,
    version,
    debug = null,
  } = facts
  const plain = realm ?? { workspaceId, script: NO_SCRIPT }
  return {
    workspaceId,
    executionId,
    generation,
    realm:
      debug?.isOn === true ? { workspaceId, script: debuggedScript(plain.script, debug) } : plain,
    type,
    name,
    parentId,
    topId,
    traceparent,
    startedAt,
    version,
    waits: new Map(),
    consumed: 0,
    past: 0,
    hadWaits: false,
    askedForLocks: false,
    inheritance: null,
    outputSchema: outputSchemaOf(facts.extra ?? null),
    debug,
  }
}

/** Read only where it is: most executions have nothing rare, and fewer have this. */
function outputSchemaOf(extra: string | null): string | null {
  if (extra === null || !extra.includes('"output_schema_hash"')) return null
  return (JSON.parse(extra) as { output_schema_hash?: string }).output_schema_hash ?? null
}

function startOf(
  held: Held,
  {
    input,
    history,
    answers,
  }: {
    readonly input: Json
    readonly history: readonly HistoryEntry[]
    readonly answers: readonly Answer[]
  },
): Activation {
  const { executionId: id, workspaceId, generation, type, name, parentId, startedAt } = held
  const settings = held.debug?.settings ?? null
  return {
    kind: 'start',
    key: sandboxKey(held),
    self: { id, workspaceId, generation, type, name, parentId, startedAt },
    input,
    history,
    answers,
    ...(settings !== null && { debug: settings }),
  }
}

const NO_SCRIPT = { hash: '', language: 'typescript', source: '' }

/** What kind of wait each command opens; the others open none. */
const WAIT_KIND_OF: Partial<Record<CommandKind, OpenWait['kind']>> = {
  call: 'DEPENDENCY',
  wait: 'DEPENDENCY',
  sleep: 'TIMER',
  lock: 'LOCK',
  control: 'CONTROL',
  message: 'RESPONSE',
  message_wait: 'RESPONSE',
  record: 'RECORD',
}

function* waitsOf(
  history: readonly HistoryEntry[],
  answers: readonly Answer[],
): Iterable<[number, OpenWait]> {
  const answered = new Set(answers.map((answer) => answer.seq))
  for (const { seq, kind, outcome } of history) {
    const wait = WAIT_KIND_OF[kind]
    if (wait !== undefined && outcome === undefined && !answered.has(seq))
      yield [seq, { kind: wait, dueAt: null }]
  }
}

/** The JSON text of its input, wherever it is kept. */
export async function inputOf(db: Database, row: LoadedExecution): Promise<string> {
  if (row.inputHash === null) return row.input ?? 'null'
  const bodies = await readPayloads(db, [{ workspaceId: row.workspaceId, hash: row.inputHash }])
  return bodies.get(`${row.workspaceId}/${row.inputHash}`) ?? 'null'
}
