import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { it } from 'node:test'
import { currentTraceparent, startTelemetry, tracer, withSpan } from './telemetry.ts'
import { parseTraceparent } from './traceparent.ts'

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'

it('without a collector nothing is traced and the trace is handed on as it came', async () => {
  delete process.env['OTEL_EXPORTER_OTLP_ENDPOINT']
  const telemetry = await startTelemetry('engine')
  assert.equal(tracer(), null)
  assert.equal(await withSpan('a', { traceparent }, (span) => span.traceparent), traceparent)
  assert.equal(await withSpan('a', {}, (span) => span.traceparent), null)
  assert.equal(currentTraceparent(), null)
  await assert.rejects(
    withSpan('a', {}, () => Promise.reject(new Error('no'))),
    /no/,
  )
  await telemetry.stop()
})

it('with one, spans go there, each under its parent', async () => {
  const received: Buffer[] = []
  const collector = createServer((request, response) => {
    request.on('data', (chunk: Buffer) => received.push(chunk))
    request.on('end', () => response.end())
  })
  await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve))
  const { port } = collector.address() as AddressInfo
  process.env['OTEL_EXPORTER_OTLP_ENDPOINT'] = `http://127.0.0.1:${port}`
  const telemetry = await startTelemetry('engine')

  const inner = await withSpan(
    'outer span',
    { traceparent, attributes: { a: 1 } },
    async (outer) => {
      assert.equal(currentTraceparent(), outer.traceparent)
      outer.set({ moved: true })
      return withSpan('inner span', {}, (span) => span.traceparent)
    },
  )
  assert.equal(parseTraceparent(inner)?.traceId, '0af7651916cd43dd8448eb211c80319c')
  assert.notEqual(inner, traceparent)
  await assert.rejects(
    withSpan('failed span', {}, () => Promise.reject(new Error('because'))),
    /because/,
  )
  await telemetry.stop()
  delete process.env['OTEL_EXPORTER_OTLP_ENDPOINT']
  collector.close()

  const sent = Buffer.concat(received).toString()
  for (const word of ['millrace-engine', 'outer span', 'inner span', 'failed span', 'because']) {
    assert.ok(sent.includes(word), word)
  }
  assert.equal(tracer(), null)
})
