import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createPlans, type Plans } from './plan-fixture.ts'
import { readStatements } from './statement.ts'

/** The statements of engines and connectors: each row of a batch is found by a key. */
const HOT = ['executions', 'answers', 'payloads', 'resolve', 'wrapping', 'connections', 'steer']
const WALKS: Readonly<Record<string, readonly string[]>> = {
  // At a stop, and after Postgres was away: what the process lost track of is found by looking at all.
  'resolve.releaseClaimed': ['execution'],
}

/** Sweeps of what has run out: they look at nothing that is younger. */
const BY_TIME = {
  'idempotency.sweepKeys': 'idempotency_key_age',
  'webhook-calls.sweepReplays': 'webhook_replay_due',
  'webhook-calls.sweepOldDeliveries': 'webhook_delivery_age',
} as const

let plans: Plans

before(async () => {
  plans = await createPlans()
})
after(() => plans[Symbol.asyncDispose]())

for (const aggregate of HOT)
  for (const statement of readStatements(aggregate).values()) {
    const { name } = statement
    test(`${name} finds its rows by key`, () => plans.assertFoundByKey(statement, WALKS[name]))
  }

for (const [name, index] of Object.entries(BY_TIME)) {
  const [aggregate = '', block = ''] = name.split('.')
  const statement = readStatements(aggregate).get(block)
  test(`${name} finds its rows by time`, async () => {
    assert.ok(statement)
    await plans.assertEnters(statement, index)
  })
}
