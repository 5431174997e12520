import { DBOS } from '@dbos-inc/dbos-sdk'
import { startDurablePostgres } from '../durable-postgres.ts'
import { measure } from '../load.ts'

/** DBOS: a library, called in this process, so it pays for no network. */
const empty = DBOS.registerWorkflow(async (key: string) => key, { name: 'empty' })
const tenSteps = DBOS.registerWorkflow(
  async () => {
    let sum = 0
    for (let i = 0; i < 10; i++) sum += await DBOS.runStep(async () => i, { name: `step ${i}` })
    return sum
  },
  { name: 'tenSteps' },
)
const fanOut = DBOS.registerWorkflow(
  async (n: number) => {
    const handles = []
    for (let i = 0; i < n; i++) handles.push(await DBOS.startWorkflow(empty)(String(i)))
    return (await Promise.all(handles.map((handle) => handle.getResult()))).length
  },
  { name: 'fanOut' },
)

await bench()
process.exit() // its timers would keep the process

async function bench(): Promise<void> {
  await using postgres = await startDurablePostgres()
  DBOS.setConfig({
    name: 'bench',
    systemDatabaseUrl: postgres.url,
    logLevel: 'error',
    systemDatabasePoolSize: 20,
  })
  await DBOS.launch()
  const rows = await measure('dbos', {
    empty: (key) => empty(key),
    tenSteps: () => tenSteps(),
    fanOut: () => fanOut(1_000),
  })
  console.log(JSON.stringify({ system: 'dbos', rows }))
  await DBOS.shutdown()
}
