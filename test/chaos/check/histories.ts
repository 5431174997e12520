import type { Checker, EffectRow, Evidence, Op, Violation } from '../evidence.ts'
import { groupBy, indexBy } from './group-by.ts'
import { linearizable, type Model, type Operation } from './linearizable.ts'
import { cancelModel, lockModel, type LockInput, startModel } from './models.ts'

/** I15: starts by key, cancels and locks behave as if each took effect at one moment. */
export const checkLinearizable: Checker = (evidence) => [
  ...judge('start', startHistories(evidence), startModel),
  ...judge('cancel', cancelHistories(evidence), cancelModel),
  ...judge('lock', lockHistories(evidence), lockModel),
]

type Histories<Input, Output> = ReadonlyMap<string, readonly Operation<Input, Output>[]>

function judge<State, Input, Output>(
  what: string,
  histories: Histories<Input, Output>,
  model: Model<State, Input, Output>,
): Violation[] {
  return [...histories].flatMap(([key, operations]) => {
    const verdict = linearizable(operations, model)
    if (verdict === 'yes') return []
    const text =
      verdict === 'no'
        ? `${what} of ${key}: no order of its ${operations.length} operations explains the answers`
        : `${what} of ${key}: ${operations.length} operations are too many to judge`
    return [{ invariant: what === 'lock' ? 'I3' : 'I15', text, details: operations }]
  })
}

const retOf = ({ ret, outcome }: Op): number =>
  ret === null || outcome === 'unknown' ? Infinity : ret

/** After everything, what is stored is one more answer, in which nothing is unknown. */
const AFTERWARDS = { call: Number.MAX_SAFE_INTEGER - 1, ret: Number.MAX_SAFE_INTEGER }

function startHistories({ ops, rows }: Evidence): Histories<'start' | 'find', string | null> {
  const found = indexBy(
    rows.executions.filter(({ parent }) => parent === null),
    ({ name }) => name ?? '',
  )
  const starts = ops.filter(({ kind, outcome }) => kind === 'start' && outcome !== 'refused')
  return new Map(
    [...groupBy(starts, ({ key }) => key)].map(([key, own]) => [
      key,
      [
        ...own.map((op) => ({
          call: op.call,
          ret: retOf(op),
          input: 'start' as const,
          output: op.outcome === 'ok' ? op.value : null,
        })),
        ...finalFind(found.get(key)?.id ?? null, own),
      ],
    ]),
  )
}

function finalFind(id: string | null, own: readonly Op[]) {
  // Nobody was told an id: whether it runs is open either way.
  if (!own.some(({ outcome }) => outcome === 'ok')) return []
  return [{ ...AFTERWARDS, input: 'find' as const, output: id }]
}

type Steer = 'cancel' | 'read' | 'revert'

function cancelHistories({ ops, rows }: Evidence): Histories<Steer, string> {
  const byId = indexBy(rows.executions, ({ id }) => id)
  const own = ops.filter(
    ({ kind, outcome }) =>
      kind === 'cancel' ||
      kind === 'revert' ||
      (outcome === 'ok' && (kind === 'read' || kind === 'pause')),
  )
  const steered = new Set(
    ops.filter(({ kind }) => kind === 'cancel' || kind === 'revert').map(({ key }) => key),
  )
  const groups = groupBy(
    own.filter(({ key }) => steered.has(key)),
    ({ key }) => key,
  )
  return new Map(
    [...groups].map(([id, all]) => {
      const end = byId.get(id)
      const status = end?.status
      const isOwn = endedByItself(end?.output)
      // Such an end is one of its own, like a success.
      const shown = (seen: string | null): string | null =>
        isOwn && seen === 'ENDED_CANCELLED' ? 'ENDED_BY_ITSELF' : seen
      return [
        id,
        [
          ...all.flatMap((op) => {
            const input: Steer = op.kind === 'cancel' || op.kind === 'revert' ? op.kind : 'read'
            const output =
              op.outcome === 'refused' ? 'refused' : op.outcome === 'ok' ? shown(op.value) : null
            const asked = { call: op.call, ret: retOf(op), input, output }
            // Sent again, a revert may have been done by an earlier try as well.
            return input === 'revert' && op.tries > 1
              ? [asked, { ...asked, ret: Infinity, output: null }]
              : [asked]
          }),
          ...(status === undefined
            ? []
            : [{ ...AFTERWARDS, input: 'read' as const, output: shown(status) }]),
        ],
      ]
    }),
  )
}

/** A random program that has ended itself as cancelled: nobody had to ask for it. */
const endedByItself = (output: unknown): boolean =>
  typeof output === 'object' && output !== null && 'ended' in output && output.ended === 'cancel'

/**
 * A lock as the outside saw it: acquired after the start was asked for and before the first effect
 * arrived under its token; let go after the effect that says so, or once it was cancelled or failed.
 */
function lockHistories({ ops, effects, rows }: Evidence): Histories<LockInput, 'done'> {
  const started = new Map<string, number>()
  for (const { kind, outcome, value, call } of ops)
    if (kind === 'start' && outcome === 'ok' && value !== null)
      started.set(value, Math.min(call, started.get(value) ?? Infinity))
  const cancelled = indexBy(
    ops.filter(({ kind }) => kind === 'cancel'),
    ({ key }) => key,
  )
  const byId = indexBy(rows.executions, ({ id }) => id)
  // A revert gives up all locks, and later calls of the execution have other tokens.
  const takenBack = new Set(rows.reverts.map(({ execution }) => execution))
  const held = effects.filter(({ lock, stale, acted }) => lock !== null && acted && !stale)

  const operationsOf = (own: readonly EffectRow[]): Operation<LockInput, 'done'>[] => {
    const [first] = own
    if (first === undefined) return []
    const { execution, token, at } = first
    const who = { holder: execution, token: token ?? 0 }
    const leave = own.find(({ phase }) => phase === 'leave')
    const succeeded = byId.get(execution)?.status === 'ENDED_SUCCESS'
    const freedFrom =
      leave?.at ??
      (succeeded || takenBack.has(execution) ? at : (cancelled.get(execution)?.call ?? at))
    return [
      {
        call: started.get(execution) ?? 0,
        ret: at,
        input: { what: 'acquire', ...who },
        output: 'done',
      },
      ...(succeeded && !takenBack.has(execution)
        ? own.map((row) => ({
            call: row.at,
            ret: row.at,
            input: { what: 'use' as const, ...who },
            output: 'done' as const,
          }))
        : []),
      { call: freedFrom, ret: Infinity, input: { what: 'release', ...who }, output: null },
    ]
  }
  const locks = groupBy(held, ({ lock }) => lock ?? '')
  return new Map(
    [...locks].map(([lock, own]) => [
      lock,
      [...groupBy(own, ({ execution, token }) => `${execution}/${token}`).values()].flatMap(
        operationsOf,
      ),
    ]),
  )
}
