import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import { createRig, startHttpTarget, startStack, until, type Stack } from '../stack/index.ts'

/** Bodies of OTLP requests as they came; whose they are is text inside of them. */
const received: Buffer[] = []
let collector: Server
let stack: Stack

before(async () => {
  collector = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      received.push(Buffer.concat(chunks))
      response.end()
    })
  })
  await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve))
  const { port } = collector.address() as AddressInfo
  stack = await startStack({
    env: {
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
      OTEL_BSP_SCHEDULE_DELAY: '200',
    },
  })
})
after(async () => {
  await stack.stop()
  collector.close()
})

test('one trace goes from the request through the engine and a child to the connector', async () => {
  await using target = await startHttpTarget()
  const rig = createRig(stack.client)
  const ended = await rig.run(
    `await self.script('export default async (system, self, inputs) => { await self.connect({ connector_type: "REST", url: inputs.url }) }', { url: inputs.url })`,
    { url: `${target.url}/traced` },
  )
  const traceId = Buffer.from(String(ended.trace_id), 'hex')
  assert.equal(traceId.length, 16)
  for (const service of ['millrace-gateway', 'millrace-engine', 'millrace-connector'])
    await until(
      () =>
        Promise.resolve(
          received.some((body) => body.includes(service) && body.includes(traceId)) ? true : null,
        ),
      { what: `${service} tells of the trace ${ended.trace_id}` },
    )
})
