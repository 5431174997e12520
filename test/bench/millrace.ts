import { startStack } from '../stack/index.ts'
import { httpCaller, measure } from './load.ts'

/**
 * Millrace as `make up` runs it, over REST: create, run, wait for the end in one request. It asks for
 * what it reads, as the peers' calls give their result and nothing else; the whole record takes 3 %
 * of the rate and 7 % of the time of one.
 */
const PATH = '/api/latest/execution?wait=60&fields=status,message,output_value'
const FLOWS = {
  'bench-empty': 'export default async (_system, _self, { key }) => key',
  'bench-ten-steps': `export default async (_system, self) => {
  let sum = 0
  for (let i = 0; i < 10; i++) sum += await self.step('step ' + i, () => i)
  return sum
}`,
  'bench-fan-out': `export default async (_system, self, { n }) => {
  const children = Array.from({ length: n }, (_, i) => self.flow('bench-empty', { key: String(i) }))
  return (await Promise.all(children)).length
}`,
}

await using stack = await startStack()
for (const [name, script] of Object.entries(FLOWS))
  await stack.client.flows.create({ name, script })
const { post, close } = httpCaller(stack.url, {
  authorization: `Bearer ${stack.credentials.api_key}`,
})

async function run(flow: keyof typeof FLOWS, input: object): Promise<unknown> {
  const body = { flow_name: flow, input_value: input }
  const record = (await post(PATH, body)) as Ended
  if (record.status !== 'ENDED_SUCCESS')
    throw new Error(`${flow}: ${record.status} ${record.message}`)
  return record.output_value
}

interface Ended {
  readonly status: string
  readonly message: string | null
  readonly output_value: unknown
}

const rows = await measure('millrace', {
  empty: (key) => run('bench-empty', { key }),
  tenSteps: () => run('bench-ten-steps', {}),
  fanOut: () => run('bench-fan-out', { n: 1_000 }),
})
await close()
console.log(JSON.stringify({ system: 'millrace', rows }))
