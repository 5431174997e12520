import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { until, useStack } from '../../stack/index.ts'
import { item } from '../harness.ts'

/** Kills things, so it has a stack of its own. */
describe('records and the death of processes', { timeout: 240_000 }, () => {
  const at = useStack()
  const CLONES = 120
  const made = async (): Promise<number> => {
    const filter = { field: 'description', op: 'eq', value: 'once' } as const
    const page = await at.stack.client.projects.list({ filter, count: true, limit: 1 })
    return page.total ?? 0
  }

  item(
    ['8.2.clone', 'D97'],
    'what code asks of records is done once, though gateway and engine die meanwhile',
    async () => {
      const started = await at.rig.start(
        `
      const first = await system.project('s08r-seed').save({})
      // Done twice, the second would find its name taken.
      for (let n = 0; n < inputs.n; n += 1) await first.clone({ name: 's08r-once-' + n, description: 'once' })
      return (await system.projects({ filter: { field: 'description', op: 'eq', value: 'once' } })).length`,
        {
          n: CLONES,
        },
      )
      for (const [service, least] of [
        ['gateway', 5],
        ['engine', 20],
        ['gateway', 40],
      ] as const) {
        await until(async () => (await made()) >= least, { what: `${least} are made` })
        await at.stack.killAndAwait(service)
        await at.stack.ready()
      }
      const ended = await at.rig.ended(started.id, 120)
      assert.equal(ended.output_value, CLONES, ended.message ?? '')
    },
  )
})
