import assert from 'node:assert/strict'
import { afterEach, it } from 'node:test'
import { readConfig } from './config.ts'

afterEach(() => {
  delete process.env['MILLRACE_HTTP_HOST']
})

for (const [host, reached] of [
  ['', '127.0.0.1'],
  ['0.0.0.0', '127.0.0.1'],
  ['::', '127.0.0.1'],
  ['192.168.1.5', '192.168.1.5'],
  ['mill.example', 'mill.example'],
  ['::1', '[::1]'],
] as const) {
  it(`doors at MILLRACE_HTTP_HOST=${host} are reached at ${reached}`, () => {
    process.env['MILLRACE_HTTP_HOST'] = host
    assert.equal(readConfig().doorHost, reached)
  })
}
