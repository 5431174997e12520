import type { Plan } from './plan.ts'
import { shrinkProgram } from './program/index.ts'
import type { HistoryResult } from './run-history.ts'

/** A smaller plan that breaks the same invariant: fewer starts and faults, a quieter net, smaller programs. */
export async function shrinkPlan(
  plan: Plan,
  run: (plan: Plan) => Promise<HistoryResult>,
  endsAt: number,
): Promise<Plan> {
  const wanted = invariantOf(await run(plan))
  let smallest = plan
  for (let found = true; found;) {
    found = false
    for (const smaller of variantsOf(smallest)) {
      if (Date.now() > endsAt) return smallest
      if (invariantOf(await run(smaller)) !== wanted) continue
      smallest = smaller
      found = true
      break
    }
  }
  return smallest
}

/** I1 … I16; the words after it name executions that another history calls otherwise. */
const invariantOf = ({ breaches }: HistoryResult): string | null =>
  breaches[0]?.split(':')[0] ?? null

function* variantsOf(plan: Plan): Iterable<Plan> {
  for (let n = 0; n < plan.starts.length; n += 1)
    if (plan.starts.length > 1) yield withoutStart(plan, n)
  for (let n = 0; n < plan.faults.length; n += 1)
    yield { ...plan, faults: plan.faults.toSpliced(n, 1) }
  for (let n = 0; n < plan.steers.length; n += 1)
    if (plan.steers[n]?.action !== 'resume') yield { ...plan, steers: withoutSteer(plan.steers, n) }
  const { network } = plan
  if (network.drop + network.delay + network.duplicate > 0)
    yield { ...plan, network: { drop: 0, delay: 0, duplicate: 0, delayMaxMs: 0 } }
  for (const kind of ['drop', 'delay', 'duplicate'] as const)
    if (network[kind] > 0) yield { ...plan, network: { ...network, [kind]: 0 } }
  if (plan.lostAnswers > 0) yield { ...plan, lostAnswers: 0 }
  if (plan.effects.refuse + plan.effects.loseAnswer > 0)
    yield { ...plan, effects: { ...plan.effects, refuse: 0, loseAnswer: 0 } }
  if (plan.slow.chance > 0) yield { ...plan, slow: { ...plan.slow, chance: 0 } }
  for (const limit of ['concurrency', 'rate'] as const)
    if (plan.limits[limit] !== null) yield { ...plan, limits: { ...plan.limits, [limit]: null } }
  for (const [n, start] of plan.starts.entries())
    if (start.maxRuntimeSeconds !== null)
      yield { ...plan, starts: plan.starts.with(n, { ...start, maxRuntimeSeconds: null }) }
  for (const [n, start] of plan.starts.entries())
    if (start.debugging !== null)
      yield { ...plan, starts: plan.starts.with(n, { ...start, debugging: null }) }
  if (plan.steers.some(({ many }) => many === true))
    yield { ...plan, steers: plan.steers.map((steer) => ({ ...steer, many: false })) }
  if (plan.diesAfterStart !== null) yield { ...plan, diesAfterStart: null }
  if (Object.keys(plan.skews).length > 0) yield { ...plan, skews: {} }
  for (const [service, count] of Object.entries(plan.copies))
    if (count > 1) yield { ...plan, copies: { ...plan.copies, [service]: count - 1 } }
  for (const [n, start] of plan.starts.entries())
    for (const program of shrinkProgram(start.program))
      yield { ...plan, starts: plan.starts.with(n, { ...start, program }) }
}

function withoutStart(plan: Plan, n: number): Plan {
  const steers = plan.steers
    .filter((steer) => steer.start !== n)
    .map((steer) => ({ ...steer, start: steer.start > n ? steer.start - 1 : steer.start }))
  return { ...plan, starts: plan.starts.toSpliced(n, 1), steers }
}

/** A pause goes with the resume that follows it. */
function withoutSteer(steers: Plan['steers'], n: number): Plan['steers'] {
  const { start, action } = steers[n] ?? {}
  const partner = steers.findIndex(
    (one, at) => at > n && one.start === start && one.action === 'resume',
  )
  const gone = action === 'pause' && partner !== -1 ? [n, partner] : [n]
  return steers.filter((_, at) => !gone.includes(at))
}
