import { after, before, test } from 'node:test'
import { createPlans, type Plans } from './plan-fixture.ts'
import { loadStatements } from './statement.ts'

/** The statements of engines and connectors: each row of a batch is found by a key. */
const HOT = {
  executions: [
    'createExecutions',
    'createEnded',
    'claimExecutions',
    'commitActivations',
    'endActivations',
    'loadForActivation',
    'loadScripts',
    'readExecution',
    'readWaits',
    'markWatched',
    'applyIfVersion',
  ],
  answers: ['answerWaits'],
  payloads: ['putPayloads', 'readPayloads'],
  resolve: [
    'resolveFlows',
    'resolveConnectors',
    'resolveSettings',
    'ensureSetting',
    'putScripts',
    'readFacts',
    'releaseClaimed',
  ],
  connections: [
    'loadConnections',
    'claimConnections',
    'adoptConnection',
    'nextAttempt',
    'endConnections',
    'releaseConnection',
    'closeAttempt',
    'readConnectionStates',
  ],
} as const
const WALKS: Readonly<Record<string, readonly string[]>> = {
  // At a stop, and after Postgres was away: what the process lost track of is found by looking at all.
  'resolve.releaseClaimed': ['execution'],
}

let plans: Plans

before(async () => {
  plans = await createPlans()
})
after(() => plans[Symbol.asyncDispose]())

for (const [aggregate, names] of Object.entries(HOT)) {
  const statements = loadStatements<string>(aggregate, names)
  for (const name of names) {
    const id = `${aggregate}.${name}`
    test(`${id} finds its rows by key`, () => plans.assertFoundByKey(statements[name], WALKS[id]))
  }
}
