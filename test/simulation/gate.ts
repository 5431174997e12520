import { createPlan } from './plan.ts'
import { PLANTS } from './plants.ts'
import { runHistory } from './run-history.ts'
import { openSimPostgres } from './world/postgres.ts'

/**
 * node --no-node-snapshot test/simulation/gate.ts
 *
 * Plants each bug in turn and runs histories until an invariant says so. One line of JSON for each:
 * its name, the seed that found it (null: none of them) and in what words.
 */
const SEEDS_MAX = Number(process.env['SEEDS'] ?? 60)
const postgres = await openSimPostgres()
let missed = 0
for (const plant of PLANTS.slice(0, Number(process.env['PLANTS'] ?? PLANTS.length))) {
  let seed: number | null = null
  let breach = ''
  const others: string[] = []
  for (let tries = 0; tries < SEEDS_MAX && seed === null; tries += 1) {
    const n = (plant.firstSeed ?? 1) + tries
    const plan = createPlan(n)
    const { breaches } = await runHistory(plant.plan?.(plan) ?? plan, postgres, plant)
    const found = breaches.find((one) => plant.finds.test(one))
    if (found !== undefined) [seed, breach] = [n, found]
    else others.push(...breaches)
  }
  if (seed === null) missed += 1
  console.log(
    JSON.stringify({
      plant: plant.name,
      seed,
      breach: breach.slice(0, 200),
      others: others.slice(0, 3),
    }),
  )
}
process.exit(missed)
